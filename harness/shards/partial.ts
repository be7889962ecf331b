/**
 * The partial report of a shard: `shard.json`, and a file a cell that was measured, in the folder of the shard's report. It says which cells
 * the whole has, so that whoever merges knows what is missing; it grows with every cell, so that a shard that was killed loses one.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparedVersion, ComparisonReport } from '../../reports/comparison.ts';
import { readComparison } from '../../reports/comparison-reader.ts';
import type { Report, RunReport } from '../../reports/model.ts';
import { readAnyReport } from '../../reports/report-reader.ts';
import { type CellFailure, type Manifest, manifestSchema, textCharactersMax } from './manifest.ts';

const manifestName = 'shard.json';
/** No scenario can be called so: its own folder stands beside it. */
const cellFolder = '+cells';
/** A manifest of a thousand cells has 200 KB. */
const manifestBytesMax = 16 << 20;
/** Of all cells: the report of the whole is one string, and V8's longest has twice as much. A run of an hour has 10 MB. */
const cellsBytesMax = 256 << 20;
const foldersMax = 1_000;

/** Of a gate a run; of a comparison both versions of one scenario, compared. */
export type CellReport = RunReport | ComparisonReport;

/** One cell's report, and where it was found. */
export interface CellResult<Report extends CellReport = CellReport> {
  readonly cell: string;
  readonly report: Report;
  /** Of its text: two that are the same are one. */
  readonly sha256: string;
}

export interface Partial<Report extends CellReport = CellReport> {
  /** As it is called in messages. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly results: readonly CellResult<Report>[];
}

/** Writes the partial report of a shard as it grows. */
export class PartialWriter {
  readonly #folder: string;
  #manifest: Manifest;

  constructor(folder: string, head: Pick<Manifest, 'common' | 'shard'>) {
    this.#folder = folder;
    this.#manifest = { kind: 'shard', schemaVersion: 1, ...head, results: [], failures: [] };
    mkdirSync(path.join(folder, cellFolder), { recursive: true });
    this.#write();
  }

  add(cell: string, report: CellReport): void {
    this.addText(cell, JSON.stringify(report));
  }

  /** @param json a report as `add` writes it */
  addText(cell: string, json: string): void {
    writeFileSync(cellFile(this.#folder, cell), json, { mode: 0o600 });
    this.#manifest = { ...this.#manifest, results: [...this.#manifest.results, { cell, sha256: sha256(json) }] };
    this.#write();
  }

  fail(failure: CellFailure): void {
    const why = failure.why.slice(0, textCharactersMax);
    this.#manifest = { ...this.#manifest, failures: [...this.#manifest.failures, { ...failure, why }] };
    this.#write();
  }

  /** The whole manifest or the one before, whenever the process ends. */
  #write(): void {
    const file = path.join(this.#folder, manifestName);
    writeFileSync(`${file}.tmp`, `${JSON.stringify(this.#manifest)}\n`, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  }
}

/** The same for values that say the same. */
export function configurationHash(parts: unknown): string {
  return sha256(JSON.stringify(parts));
}

/**
 * @param folders of shards, or folders that hold such
 * @throws FloodgateError `shard-missing`, `shard-invalid`
 */
export function readPartials(folders: readonly string[]): Partial[] {
  const found = folders.flatMap(shardFolders);
  if (found.length > foldersMax)
    throw invalid(folders.join(', '), `${found.length} shards are more than ${foldersMax}`);
  const room = { bytes: cellsBytesMax };
  return found.map((folder) => readPartial(folder, room));
}

/** What may still be read. */
interface Room {
  bytes: number;
}

function shardFolders(folder: string): string[] {
  const isShard = (place: string) => existsSync(path.join(place, manifestName));
  if (isShard(folder)) return [folder];
  const below =
    existsSync(folder) && statSync(folder).isDirectory()
      ? readdirSync(folder, { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map((entry) => path.join(folder, entry.name))
          .filter(isShard)
          .sort()
      : [];
  if (below.length > 0) return below;
  throw new FloodgateError(
    'shard-missing',
    `${folder} has no partial report of a shard, and neither has a folder in it`,
    {
      hint: 'floodgate gate --shard 1/3 --out DIR writes one.',
    },
  );
}

/** What a shard says of itself, without its cells. @throws FloodgateError `shard-invalid` */
export function readManifest(folder: string): Manifest {
  const file = path.join(folder, manifestName);
  const manifest = v.safeParse(manifestSchema, parsed(folder, readBounded(folder, file, manifestBytesMax)));
  if (manifest.success) return manifest.output;
  const [issue] = manifest.issues;
  throw invalid(folder, `${v.getDotPath(issue) ?? manifestName}: ${issue.message}`);
}

function readPartial(folder: string, room: Room): Partial {
  const manifest = readManifest(folder);
  const { results, common } = manifest;
  const cells = results.map(({ cell }) => cell);
  if (new Set(cells).size < cells.length) throw invalid(folder, 'a cell stands twice in it');
  const stranger = cells.find((cell) => !common.cells.includes(cell));
  if (stranger !== undefined) throw invalid(folder, `"${stranger}" is none of its cells`);
  return { folder, manifest, results: results.map((each) => readCell(folder, common, each, room)) };
}

/** A cell's report as its shard wrote it. @throws FloodgateError `shard-invalid` */
export function readCellText(
  folder: string,
  { cell, sha256: expected }: Manifest['results'][number],
  room: Room = { bytes: cellsBytesMax },
): string {
  const json = readBounded(folder, cellFile(folder, cell), room.bytes);
  room.bytes -= json.length;
  if (sha256(json) === expected) return json;
  throw invalid(folder, `the report of "${cell}" is not the one that was written`);
}

function readCell(
  folder: string,
  { comparison }: Manifest['common'],
  given: Manifest['results'][number],
  room: Room,
): CellResult {
  const { cell, sha256: expected } = given;
  const json = readCellText(folder, given, room);
  try {
    const report = comparison ? readComparison(json) : readAnyReport(json);
    if (isOfCell(report, cell, comparison)) return { cell, report, sha256: expected };
  } catch (error) {
    throw invalid(folder, `the report of "${cell}": ${(error as Error).message}`);
  }
  throw invalid(folder, `the report of "${cell}" is one of something else`);
}

/** A comparison has no scenario where the head died under its traffic. */
function isOfCell(
  report: Report | ComparisonReport,
  cell: string,
  comparison: Manifest['common']['comparison'],
): report is CellReport {
  if (Number.isNaN(Date.parse(report.startedAt))) return false;
  if (report.kind !== 'comparison') return report.kind === 'run' && report.scenario.name === cell;
  const { base, head, scenarios, timelines, flames } = report;
  if (!comparison || !isSame(base, comparison.base) || !isSame(head, comparison.head)) return false;
  const names = [...scenarios.map(({ name }) => name), ...[...timelines, ...flames].map(({ scenario }) => scenario)];
  return scenarios.length <= 1 && names.every((each) => each === cell);
}

/**
 * The key of a working folder with changes is by the times of its files; a file that git does not know, on one of a queue's machines, makes
 * none of another commit.
 */
function isSame(found: ComparedVersion, expected: ComparedVersion): boolean {
  const isFolder = expected.commit !== null && (found.dirty || expected.dirty);
  return isFolder ? found.commit === expected.commit : found.key === expected.key;
}

const cellFile = (folder: string, cell: string) => path.join(folder, cellFolder, `${cell}.json`);

function readBounded(folder: string, file: string, bytesMax: number): string {
  const named = path.relative(folder, file);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) throw invalid(folder, `${named} is missing`);
  // A pipe would be waited for, and a device read for ever.
  if (!stat.isFile()) throw invalid(folder, `${named} is no file`);
  if (stat.size > bytesMax)
    throw invalid(folder, `${named} is larger than the ${Math.floor(bytesMax / 2 ** 20)} MiB that are left for it`);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalid(folder, (error as Error).message);
  }
}

function parsed(folder: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw invalid(folder, (error as Error).message);
  }
}

function invalid(folder: string, why: string): FloodgateError {
  return new FloodgateError('shard-invalid', `${folder} is no whole partial report: ${why}`, {
    hint: 'Nothing was merged. Run that shard again, or bring its whole folder.',
  });
}

function sha256(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}
