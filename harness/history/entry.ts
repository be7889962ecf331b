/** A report as rows of a history. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { type Report, type RunReport, runsOf } from '../../reports/model.ts';
import { definitionOf } from '../ledger/definition.ts';
import { machineClass } from '../ledger/machine-class.ts';
import type { BatchRow, BodyRow, FigureRow, LimitRow, RunRow } from './tables.ts';

/** What a report does not know of itself. */
export interface Origin {
  readonly project: string;
  /** The project's folder: the same scenario in another checkout is the same. */
  readonly folder: string;
  readonly commit: string | null;
  readonly subject: string | null;
  readonly branch: string | null;
  readonly dirty: boolean;
}

export interface Entry {
  readonly batch: BatchRow;
  readonly runs: readonly RunRow[];
  readonly figures: readonly FigureRow[];
  readonly limits: readonly LimitRow[];
  readonly bodies: readonly BodyRow[];
}

/** A report of half a million samples has 10 MB, 1 MB compressed; a larger one than this is stored without its body. */
export const reportBytesMax = 1 << 28;
const bodyBytesMax = 64 << 20;

export function entryOf(report: Report | ComparisonReport, origin: Origin): Entry {
  if (report.kind === 'comparison') return comparisonEntry(report, origin);
  // The same run twice, in a report that somebody edited, is one.
  const parts = runsOf(report).map((run) => runParts(run, origin));
  const runs = [...new Map(parts.map((part) => [part.id, part])).values()];
  const id =
    report.kind === 'run' ? runs[0]!.id : digest([report.startedAt, ...parts.map((part) => part.id)].join('\n'));
  return {
    batch: { ...batchOf(report, origin), id, kind: report.kind, base_label: null, base_commit: null },
    runs: runs.map(({ row }) => ({ ...row, home_id: id })),
    figures: runs.flatMap(({ figures }) => figures),
    limits: runs.flatMap(({ limits }) => limits),
    bodies: runs.map(({ body }) => body),
  };
}

function comparisonEntry(report: ComparisonReport, origin: Origin): Entry {
  const text = JSON.stringify(report);
  const id = digest(text);
  const { base, head } = report;
  const measured = { ...origin, commit: head.commit ?? origin.commit, dirty: head.dirty };
  return {
    batch: {
      ...batchOf(report, measured),
      id,
      kind: 'compare',
      base_label: base.label,
      base_commit: base.commit,
    },
    runs: [],
    figures: [],
    limits: [],
    bodies: [bodyOf(id, text)],
  };
}

type Common = Pick<RunReport, 'startedAt' | 'durationMs' | 'tool' | 'command' | 'verdict'>;

function batchOf(report: Common, { project, commit, subject, branch, dirty }: Origin) {
  return {
    project,
    started_at: report.startedAt,
    duration_ms: report.durationMs,
    tool: report.tool.version,
    command: report.command,
    exit_code: report.verdict.exitCode,
    headline: report.verdict.headline,
    commit_id: commit,
    subject,
    branch,
    dirty: dirty ? 1 : 0,
  };
}

function runParts(report: RunReport, { project, folder }: Origin) {
  const text = JSON.stringify(report);
  const id = digest(text);
  const { scenario, target, verdict } = report;
  const row: Omit<RunRow, 'home_id'> = {
    id,
    project,
    scenario: scenario.name,
    lane: report.lane,
    defect: scenario.defect,
    started_at: report.startedAt,
    duration_ms: report.durationMs,
    target: target.name,
    target_version: target.version,
    machine: machineClass(report),
    definition: definitionOf(report, folder),
    exit_code: verdict.exitCode,
    headline: verdict.headline,
    // Its figures are those of another load than the scenario's.
    partial: report.partial || report.fault !== null ? 1 : 0,
  };
  return { id, row, figures: figuresOf(report, id), limits: limitsOf(report, id), body: bodyOf(id, text) };
}

/** The first of a name counts: a report that somebody edited may have it twice. */
function figuresOf({ figures }: RunReport, runId: string): FigureRow[] {
  const byName = new Map(figures.toReversed().map((figure) => [figure.name, figure]));
  return [...byName.values()].map(({ name, unit, bound, state, value, low, high, note }) => {
    return { run_id: runId, name, unit, bound, state, value, low, high, note };
  });
}

function limitsOf({ budgets }: RunReport, runId: string): LimitRow[] {
  return budgets.map(({ name, unit, bound, limit, actual, state, note }) => {
    return { run_id: runId, name, unit, bound, limit_value: limit, actual, state, note };
  });
}

/** Empty for a report that is too large. */
function bodyOf(id: string, text: string): BodyRow {
  const none = { id, body: Buffer.alloc(0) };
  if (Buffer.byteLength(text) > reportBytesMax) return none;
  const body = gzipSync(text);
  return body.length > bodyBytesMax ? none : { id, body };
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
