/**
 * The ledger of a project: figures that were accepted (baselines) and limits that may be broken for a while (waivers). One YAML file beside
 * the configuration, so that every change of it shows in a review. Comments in it are kept.
 */
import {
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { Document, isSeq, parseDocument } from 'yaml';
import { FloodgateError } from '../../agent/errors.ts';
import { findMetric } from '../metrics/table.ts';
import { withLedgerLock } from './ledger-lock.ts';

export const ledgerName = 'floodgate.ledger.yaml';
/** Ten thousand entries are 3 MB; more is no ledger of a person's. */
const ledgerBytesMax = 4 << 20;
const entriesMax = 10_000;

const words = v.pipe(v.string(), v.trim(), v.minLength(1, 'it is empty'), v.maxLength(2_000));
const metric = v.pipe(
  words,
  v.check(
    (name) => findMetric(name) !== undefined,
    'there is no such metric; "floodgate list --metrics" shows the names',
  ),
);
/** A day, UTC: `2026-12-31`. */
export const daySchema = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\d$/, 'a day such as 2026-12-31 is expected'),
  v.check((text) => new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text) === true, 'there is no such day'),
);

const baselineSchema = v.strictObject({
  scenario: words,
  metric,
  /** In the metric's base unit (docs/metrics.md). */
  value: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** Figures of another class of machine are never compared. */
  machine: words,
  /** Of the scenario as it was run; another one is another measurement. */
  definition: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, '16 hexadecimal digits are expected')),
  accepted: daySchema,
  by: words,
  reason: words,
  /** Last day on which it counts. */
  until: v.optional(daySchema),
});

const waiverSchema = v.strictObject({
  scenario: words,
  metric,
  reason: words,
  owner: words,
  /** Last day on which it counts. */
  until: daySchema,
});

const ledgerSchema = v.strictObject({
  baselines: v.optional(v.pipe(v.array(baselineSchema), v.maxLength(entriesMax)), []),
  waivers: v.optional(v.pipe(v.array(waiverSchema), v.maxLength(entriesMax)), []),
});

export type Baseline = v.InferOutput<typeof baselineSchema>;
export type Waiver = v.InferOutput<typeof waiverSchema>;
export type Ledger = v.InferOutput<typeof ledgerSchema>;

/** Both lists are empty where there is no file. @throws FloodgateError `ledger-invalid` with the place of each fault */
export function readLedger(folder: string): Ledger {
  return check(openLedger(folder), path.join(folder, ledgerName));
}

/** A ledger that was kept as JSON, or why it is none. */
export function ledgerOf(value: unknown): Ledger | string {
  const result = v.safeParse(ledgerSchema, value);
  if (result.success) return doublesOf(result.output)[0] ?? result.output;
  const issue = result.issues[0];
  return `${v.getDotPath(issue) ?? 'the ledger'}: ${issue.message}`;
}

/** Another writer is done within milliseconds. */
const waitMsMax = 10_000;

interface Entries {
  readonly baselines: Baseline;
  readonly waivers: Waiver;
}

/**
 * Puts each entry in the place of the one it stands for, else at the end, and writes the file. No other process writes it meanwhile.
 * @param entriesFor what is put into the ledger as it is now
 * @returns what was put
 * @throws FloodgateError `ledger-invalid`, `ledger-unwritable`; `ledger-busy` where another process does not come to its end
 */
export function putEntries<List extends keyof Entries>(
  folder: string,
  list: List,
  entriesFor: (ledger: Ledger) => readonly Entries[List][],
  waitMs = waitMsMax,
): readonly Entries[List][] {
  const file = path.join(folder, ledgerName);
  const place = placeOf(file);
  try {
    return withLedgerLock(place, waitMs, () => put(folder, place, list, entriesFor));
  } catch (error) {
    throw error instanceof FloodgateError ? error : unwritable(file, error);
  }
}

function put<List extends keyof Entries>(
  folder: string,
  place: string,
  list: List,
  entriesFor: (ledger: Ledger) => readonly Entries[List][],
): readonly Entries[List][] {
  const document = openLedger(folder);
  const ledger = check(document, path.join(folder, ledgerName));
  const entries = entriesFor(ledger);
  if (!isSeq(document.get(list))) document.set(list, document.createNode([]));
  const known: readonly (Baseline | Waiver)[] = ledger[list];
  for (const entry of entries) {
    const at = known.findIndex((each) => keyOf(each) === keyOf(entry));
    if (at === -1) document.addIn([list], document.createNode(entry));
    else document.setIn([list, at], document.createNode(entry));
  }
  check(document, path.join(folder, ledgerName));
  write(place, document.toString({ lineWidth: 120 }));
  return entries;
}

/** A scenario's metric has one waiver, and one baseline a class of machine. */
function keyOf(entry: Baseline | Waiver): string {
  return JSON.stringify([entry.scenario, entry.metric, 'machine' in entry ? entry.machine : '']);
}

function openLedger(folder: string): Document {
  const file = path.join(folder, ledgerName);
  if (!isThere(file)) {
    const fresh = new Document({});
    fresh.commentBefore =
      ' Written by "floodgate baseline accept" and "floodgate waiver add"; docs/ledger.md says what counts.';
    return fresh;
  }
  const stats = statSync(file);
  if (stats.isDirectory()) throw invalid(file, ['it is a folder']);
  // A pipe would be waited for.
  if (!stats.isFile()) throw invalid(file, ['it is no file']);
  if (stats.size > ledgerBytesMax) throw invalid(file, ['larger than 4 MiB']);
  const document = parseDocument(textOf(file), { uniqueKeys: true });
  if (document.errors.length > 0) throw invalid(file, [document.errors[0]!.message]);
  return document as unknown as Document;
}

/** A link that leads nowhere is no ledger without entries: nobody knows what it would say. @throws FloodgateError `ledger-invalid` */
function isThere(file: string): boolean {
  try {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return false;
    statSync(file);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw invalid(file, [code === 'ENOENT' ? `a link to ${readlinkSync(file)}, which is not there` : message]);
  }
}

/** Of a link, the file. */
const placeOf = (file: string): string => (isThere(file) ? realpathSync(file) : file);

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalid(file, [`it cannot be read: ${(error as Error).message}`]);
  }
}

/** As many faults as a person mends at once. */
const faultsShown = 5;

function check(document: Document, file: string): Ledger {
  const result = v.safeParse(ledgerSchema, readValue(document, file) ?? {});
  if (result.success) {
    const doubles = doublesOf(result.output);
    if (doubles.length === 0) return result.output;
    throw invalid(file, doubles.slice(0, faultsShown));
  }
  const faults = result.issues.map((issue) => {
    const place = v.getDotPath(issue) ?? 'the ledger';
    return `${place}: ${issue.expected === 'never' ? 'there is no such name' : issue.message}`;
  });
  throw invalid(file, faults.slice(0, faultsShown));
}

/** Two of which either could count: a merge leaves such. */
function doublesOf(ledger: Ledger): string[] {
  return (['baselines', 'waivers'] as const).flatMap((list) => {
    const all: readonly (Baseline | Waiver)[] = ledger[list];
    const keys = all.map(keyOf);
    const doubles = all.map((entry, at) => ({ entry, at })).filter(({ at }) => keys.indexOf(keys[at]!) < at);
    return doubles.map(({ entry, at }) => `${list}.${at}: a second one of ${entry.metric} of "${entry.scenario}"`);
  });
}

/** An entry stands where it is written: aliases are refused. */
function readValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw invalid(file, [(error as Error).message]);
  }
}

function invalid(file: string, faults: readonly string[]): FloodgateError {
  return new FloodgateError('ledger-invalid', `${file}:\n  ${faults.join('\n  ')}`, {
    hint: 'docs/ledger.md has the names; "floodgate baseline accept" and "floodgate waiver add" write entries that are right.',
  });
}

/** The whole file or the old one, whenever the process ends. @param place the file itself, and never a link */
function write(place: string, text: string): void {
  const draft = `${place}.tmp`;
  // Of a writer that was killed: who has the lock is the only one.
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { flag: 'wx' });
  renameSync(draft, place);
}

function unwritable(file: string, cause: unknown): FloodgateError {
  return new FloodgateError('ledger-unwritable', `${file} cannot be written: ${(cause as Error).message}`, {
    hint: 'It stands beside the configuration: that folder must be one that can be written to.',
    cause,
  });
}
