/** The tables of a history, as queries see them. Integers stand for booleans: both databases have them. */

/** What one command stored: a run, a gate with its runs, a comparison. */
export interface BatchRow {
  /** Of its content, 16 hexadecimal digits: what is stored twice is there once. */
  id: string;
  project: string;
  kind: 'run' | 'gate' | 'compare';
  /** ISO 8601, UTC: sorts as text. */
  started_at: string;
  duration_ms: number;
  /** Version of floodgate. */
  tool: string;
  command: string;
  exit_code: number;
  headline: string;
  /** Of the project's folder; null outside of a repository. */
  commit_id: string | null;
  /** First line of the commit's message; null where unknown. */
  subject: string | null;
  branch: string | null;
  /** 1 where uncommitted changes were in it. */
  dirty: number;
  /** Of a comparison; null for the others. */
  base_label: string | null;
  base_commit: string | null;
}

export interface RunRow {
  id: string;
  /** The batch that stored it first, of those that have it: its commit is the run's. */
  home_id: string;
  project: string;
  scenario: string;
  lane: string;
  defect: string | null;
  started_at: string;
  duration_ms: number;
  target: string;
  target_version: string;
  /** Class of machine (harness/ledger/machine-class.ts): figures of two classes are never one series. */
  machine: string;
  /** Of the scenario as it was run (harness/ledger/definition.ts). */
  definition: string;
  exit_code: number;
  headline: string;
  /** 1 where it was cut short, or where its target hung or its load decided nothing. */
  partial: number;
}

/** A run of a batch. A run has one row here for each batch that it is a part of: two merges may share it. */
export interface BatchRunRow {
  batch_id: string;
  run_id: string;
}

export interface FigureRow {
  run_id: string;
  name: string;
  unit: string;
  bound: string;
  state: string;
  value: number | null;
  low: number | null;
  high: number | null;
  note: string;
}

export interface LimitRow {
  run_id: string;
  name: string;
  unit: string;
  bound: string;
  limit_value: number;
  actual: number | null;
  state: string;
  note: string;
}

/** The whole report of a run or a comparison, as gzip of its JSON; empty where retention has taken it, or it was too large to be kept. */
export interface BodyRow {
  /** Of the run, or of the comparison's batch. */
  id: string;
  body: Uint8Array;
}

/** Of all that is stored of an entry (harness/history/seals.ts); null where floodgate did not store it. */
interface Sealed {
  seal: string | null;
}

export interface HistoryTables {
  batches: BatchRow & Sealed;
  runs: RunRow & Sealed;
  batch_runs: BatchRunRow;
  figures: FigureRow;
  limits: LimitRow;
  bodies: BodyRow;
}

/** By the migration that makes it, where that is not the first one. */
const laterTables = { '0005-batch-runs': 'batch_runs' } as const;

const firstTables = ['batches', 'runs', 'figures', 'limits', 'bodies'] as const;
export type TableName = (typeof firstTables)[number] | (typeof laterTables)[keyof typeof laterTables];

/** Tables of a store. @param applied names of its migrations */
export function tablesAfter(applied: readonly string[]): TableName[] {
  const later = Object.entries(laterTables).filter(([migration]) => applied.includes(migration));
  return [...firstTables, ...later.map(([, name]) => name)];
}
