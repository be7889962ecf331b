/**
 * The report of a run as plain, versioned data: what the harness fills in and every reporter renders.
 *
 * **Invariant**: a report is self-sufficient. Reporters read nothing else (no clock, no process, no profile file), so a
 * report rendered a year later from its JSON says the same. Nothing here is optional: what was not measured is `null`
 * or an empty list. Times are milliseconds since the start of the measured pass unless a name says otherwise.
 */

/** Raised whenever a reader of an older version could misread a newer report. */
export const SCHEMA_VERSION = 1;

export type Unit = 'bytes' | 'count' | 'ms' | 'seconds' | 'share' | 'bytesPerSecond' | 'perSecond';
export type Lane = 'tap' | 'exact' | 'load';

export interface ToolInfo {
  readonly name: string;
  readonly version: string;
}

/** The thing under test: our agent or any other target. */
export interface TargetInfo {
  readonly name: string;
  readonly version: string;
  /** What it runs on, as it said itself: `Node.js 22.1.0 (V8 12.4)`; empty where it said nothing. */
  readonly runtime: string;
  /** Which stages of our agent ran: `full agent: capture to upload`; empty for other targets. */
  readonly stages: string;
  /** The exact arguments it was started with, program first. */
  readonly command: readonly string[];
}

export interface Environment {
  /** What floodgate itself ran on. */
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly arch: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Root, user namespace, none: how the TAP device was come by. */
  readonly privilege: string;
  /** Whatever else bears on the figures (control group, container, load). */
  readonly extra: Readonly<Record<string, string>>;
}

export interface ScenarioInfo {
  readonly name: string;
  readonly description: string;
  readonly seed: number | null;
  /** Name of the defect that was put in a real module's place, if any. */
  readonly defect: string | null;
  /** Options as given, to be read by a person. */
  readonly options: Readonly<Record<string, string>>;
}

export type PassKind =
  | 'measure'
  | 'settled'
  | 'allocations'
  | 'live-heap'
  | 'snapshots'
  | 'lines'
  | 'cpu'
  | 'flame'
  | 'doctor'
  | 'allocations-every'
  | 'live-every';

/** One replay of the same frames. `measure` feeds the budgets; `settled` decides those on growth. */
export interface Pass {
  readonly kind: PassKind;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly instruments: readonly string[];
  /** True when something made this pass's figures unfit for a budget. */
  readonly disturbed: boolean;
  /** What the instruments cost, in CPU as a share of the target's own; null when not measured. */
  readonly overheadShare: number | null;
  readonly note: string;
}

export type SeriesGroup = 'memory' | 'heap' | 'traffic' | 'agent' | 'other';

/** One measured quantity: `values[i]` belongs to `tMs[i]` of its table; null where it was not sampled. */
export interface SeriesColumn {
  /** `rss`, `pss`, `uss`, `heapUsed`, `heapTotal`, `external`, `arrayBuffers`, `frames`, `bytes`, `pages`, `streams` … */
  readonly name: string;
  readonly unit: Unit;
  /** A gauge is a level; a counter only rises and is drawn as a rate. */
  readonly kind: 'gauge' | 'counter';
  readonly values: readonly (number | null)[];
}

/** Columns that were sampled together; each sampler keeps its own pace in a table of its own. */
export interface SeriesTable {
  readonly group: SeriesGroup;
  /** Ascending. */
  readonly tMs: readonly number[];
  readonly columns: readonly SeriesColumn[];
}

/** Collections, columnar: entry i of every array is one event. */
export interface GcEvents {
  readonly tMs: readonly number[];
  readonly kind: readonly string[];
  readonly pauseMs: readonly number[];
  readonly usedBeforeBytes: readonly number[];
  readonly usedAfterBytes: readonly number[];
}

export interface Phase {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly rssMaxBytes: number | null;
}

export type CauseClass =
  | 'live-growth'
  | 'garbage'
  | 'off-heap'
  | 'fragmentation'
  | 'reassembly'
  | 'code'
  | 'leak'
  | 'unknown';

export interface FrameRange {
  /** Numbers of the frames as sent, first and last, both included. */
  readonly first: number;
  readonly last: number;
}

/** A call site that added memory in a spike's window against the steady state. */
export interface Suspect {
  readonly functionName: string;
  /** Relative to the project where possible; empty for the runtime itself. */
  readonly file: string;
  /** 1-based; 0 where unknown. */
  readonly line: number;
  readonly where: 'heap' | 'off-heap' | 'cpu';
  /** The worker thread or the child that did most of it: `thread 2 hash.js`, `process 1234`; empty: the target's main thread. */
  readonly thread: string;
  /** Added in the window by the site itself, in bytes (a rate above the steady state times the window). */
  readonly selfBytes: number;
  /** The same with everything it called. */
  readonly totalBytes: number;
  /** What the steady state would have added in as much time. */
  readonly steadyBytes: number;
  /** Of the spike's height, 0..1. */
  readonly share: number;
  /** Relative sampling error of `selfBytes`, √(interval / bytes); 0 for an exact ledger. */
  readonly errorShare: number;
}

export interface ProfileReference {
  readonly kind: 'allocations' | 'live-heap' | 'off-heap' | 'cpu' | 'snapshot';
  readonly role: 'before' | 'during' | 'top' | 'after';
  /** Relative to the report's folder. */
  readonly file: string;
  readonly format: 'pprof' | 'heapprofile' | 'heapsnapshot' | 'cpuprofile' | 'speedscope' | 'collapsed';
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * A call tree before and after, columnar. Node 0 is the root (`parent[0]` is −1); a parent comes before its children.
 * `before` and `after` are the node's own bytes, without its callees.
 */
export interface FlameTree {
  readonly unit: Unit;
  readonly sites: {
    readonly functionName: readonly string[];
    readonly file: readonly string[];
    readonly line: readonly number[];
  };
  readonly parent: readonly number[];
  readonly site: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** A class of objects in the heap snapshots, largest growth first. */
export interface RetainedClass {
  readonly className: string;
  readonly count: number;
  readonly countAdded: number;
  readonly selfBytes: number;
  readonly selfBytesAdded: number;
  readonly retainedBytes: number;
  readonly retainedBytesAdded: number;
  /** At the end of the run; null where no snapshot was taken then. */
  readonly retainedBytesAfter: number | null;
  /** Shortest way from a root to one such object. */
  readonly retainingPath: readonly string[];
}

/** Who keeps what stays: the last name on the way from the roots to what grew. */
export interface Keeper {
  /** As in the source: `cache`, `Pairing.#archive`, `listeners of "change" on bus`. */
  readonly name: string;
  /** What it is: `Map`, `Array`; of a Go program, by the line that adds to it: `map`, `slice`, `container`. */
  readonly kind: string;
  /** Relative to the project where possible; empty where unknown. */
  readonly file: string;
  /** 1-based, of its declaration where that was found, else of a function near it; 0 where unknown. */
  readonly line: number;
  /** Class of what it holds more of; how many came between two snapshots, and for each request of that time, where these are counted. */
  readonly held: string;
  readonly countAdded: number;
  readonly perRequest: number | null;
  readonly bytesAdded: number;
  /** Of everything new on the heap, 0..1. */
  readonly share: number;
  /** From a root to one of what it holds. */
  readonly path: readonly string[];
}

/** What one function allocated, by the line of its source. */
export interface LineBytes {
  readonly file: string;
  readonly functionName: string;
  /** What was counted: all that was allocated, or what of it was alive at the end. */
  readonly counts: 'allocated' | 'alive';
  /** Heaviest first. */
  readonly rows: readonly {
    readonly line: number;
    readonly bytes: number;
    /** Relative sampling error. */
    readonly errorShare: number;
  }[];
}

/** Lines of a source around a place that a spike names. */
export interface SourceExcerpt {
  readonly file: string;
  /** The line that is meant. */
  readonly line: number;
  /** Others that are meant as well. @default none */
  readonly alsoMeant?: readonly number[];
  readonly firstLine: number;
  readonly lines: readonly string[];
  /** Who it is: `suspect`, `keeper`. */
  readonly of: 'suspect' | 'keeper';
  /** What the line is: V8 charges a function where it is declared. */
  readonly note: string;
}

/** One part of what a spike added: bytes that something measured can answer for. */
export interface SpikePart {
  /** For a person: `off-heap: scenarios/x.ts:93 #queuePages`, `V8 pages without objects`, `file-backed pages`. */
  readonly name: string;
  readonly bytes: number;
  /** False for what only the size of the line shows. */
  readonly named: boolean;
  /** What it is known by: a line of a function, a function without a line, an agent's own count, a kind of page, or nothing. */
  readonly by: 'line' | 'function' | 'ledger' | 'pages' | 'nothing';
}

/** One direction of a connection within a spike's frames. */
export interface SpikeStream {
  /** `10.0.0.1:4000`, `[fe80::1]:80`. */
  readonly source: string;
  readonly destination: string;
  readonly frames: number;
  /** Payload bytes. */
  readonly bytes: number;
  /** Of these, bytes that came behind a segment which was never captured. */
  readonly bytesBehindGap: number;
  /** Number of the frame before which the first gap showed; null where there was none. */
  readonly gapFrame: number | null;
  /** Messages that began in the window, by their start lines. */
  readonly messages: number;
  /** Start line of the message that carried most bytes in the window, cut; empty where none began there. */
  readonly largestMessage: string;
  readonly largestMessageBytes: number;
}

export interface Spike {
  /** What rose: resident memory, or (where that stayed flat) the sum of everything allocated. */
  readonly line: 'rss' | 'allocated';
  readonly startMs: number;
  readonly topMs: number;
  /** When memory was back near the baseline, or the end of the run. */
  readonly endMs: number;
  readonly baselineBytes: number;
  readonly topBytes: number;
  readonly heightBytes: number;
  readonly cause: CauseClass;
  /** One sentence with the figures the cause rests on. */
  readonly causeDetail: string;
  /** From the top back to the baseline; null when it never came back. */
  readonly recoveryMs: number | null;
  readonly suspects: readonly Suspect[];
  readonly frames: FrameRange | null;
  /** Streams that carried most of it, the worst first. */
  readonly streams: readonly SpikeStream[];
  /** What the height is made of, largest first. */
  readonly parts: readonly SpikePart[];
  /** Of the height, what has any name, 0..1: call sites, ledgers, kinds of pages; null without explaining passes. */
  readonly namedShare: number | null;
  /** Of the height, what is known by function and line, 0..1; null without explaining passes. */
  readonly linesShare: number | null;
  readonly profiles: readonly ProfileReference[];
  readonly flame: FlameTree | null;
  readonly retained: readonly RetainedClass[];
  /** Null where no container grew, or nobody looked. */
  readonly keeper: Keeper | null;
  /** The deepest function that most of what stays was made under, where the first suspect made less; null where none is. */
  readonly commonCaller: Suspect | null;
  readonly sources: readonly SourceExcerpt[];
  /** Of the first suspect; null where no pass looked at its lines. */
  readonly lines: LineBytes | null;
}

/**
 * `undecided`: measured, but not well enough to say; `notMeasured`: not at all. Neither is ok, and neither is over.
 * `waived`: over, and allowed for a while by a waiver that `note` names.
 */
export type BudgetState = 'pass' | 'over' | 'waived' | 'undecided' | 'notMeasured';

export interface BudgetResult {
  /** `rss.p99`, `heap.peakBeforeGc`, `share:agent/tcp/**` …: docs/metrics.md. */
  readonly name: string;
  readonly unit: Unit;
  /** `max`: actual must not be above limit; `min`: must not be below. */
  readonly bound: 'max' | 'min';
  readonly limit: number;
  /** Null when it could not be measured, or not decided, which is never ok. */
  readonly actual: number | null;
  /** Whether `state` is `pass` or `waived`. */
  readonly ok: boolean;
  readonly state: BudgetState;
  /** Why it is not known, or that `actual` is only the most or the least it can be. */
  readonly note: string;
}

/** One row of docs/metrics.md, with a limit or without. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly bound: 'max' | 'min';
  readonly state: 'value' | 'undecided' | 'notMeasured';
  /** Null unless `state` is `value`. */
  readonly value: number | null;
  /** Where `state` is `undecided`: it lies between the two; null: no such end is known. */
  readonly low: number | null;
  readonly high: number | null;
  /** Why there is no value. */
  readonly note: string;
}

/** Proof that what was sent was delivered. */
export interface Ledger {
  readonly framesSent: number;
  readonly bytesSent: number;
  /** As the device (or the pipe's reader) counted them. */
  readonly framesDelivered: number;
  readonly bytesDelivered: number;
  /** By the kernel's count for the capturing socket; null where they were not counted. */
  readonly framesDropped: number | null;
  readonly ok: boolean;
}

export interface MessageCount {
  readonly requests: number;
  readonly responses: number;
}

/** What the agent found against what the traffic really held. */
export interface Messages {
  readonly found: MessageCount;
  /** Messages that survived the impairments and had to be found. */
  readonly truth: MessageCount;
  /** Impaired messages that may or may not be found. */
  readonly mayBeLost: MessageCount;
}

/**
 * Every exchange accounted for: `sent` = what is stored whole, shed by a named policy, damaged by the impairment, or missing.
 */
export interface Exchanges {
  readonly sent: number;
  /** Of which the delivered frames hold every byte; at least so many, where only messages were counted. */
  readonly intact: number;
  /** Witnesses in the collector's store, those of damaged exchanges included. */
  readonly stored: number;
  /** Of these, witnesses of exchanges that were seen to the last byte. */
  readonly storedWhole: number;
  /** Left out by a policy, by the counter that says so. */
  readonly shed: Readonly<Record<string, number>>;
  /** Delivered whole, of which nothing is stored and no policy says why. */
  readonly missing: number;
  /** Requests without an answer in the traffic: each is a witness by itself. @default 0 */
  readonly unanswered?: number | undefined;
  /** Of the damaged: found whole, and in no pair, since other bytes of their connections were not delivered. @default 0 */
  readonly unpaired?: number | undefined;
}

/** A worker thread: its heap is its own. Null where it was not looked into, which `note` explains. */
export interface FamilyThread {
  readonly id: number;
  /** As it was named, or its file; empty where it said nothing of itself. */
  readonly name: string;
  readonly startMs: number;
  /** Null where it ran to the end. */
  readonly endMs: number | null;
  readonly heapMaxBytes: number | null;
  readonly externalMaxBytes: number | null;
  /** On its heap, freed objects included. */
  readonly allocatedBytes: number | null;
  readonly note: string;
}

/** A process that the target started, or the launcher that started the target. */
export interface FamilyProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Empty where it said nothing: it is no Node.js, or it was not reached. */
  readonly runtime: string;
  readonly startMs: number;
  readonly endMs: number | null;
  readonly rssMaxBytes: number | null;
  readonly pssMaxBytes: number | null;
  readonly heapMaxBytes: number | null;
  readonly allocatedBytes: number | null;
  readonly threads: readonly FamilyThread[];
  /** What could not be looked into, and why; empty where all could. */
  readonly note: string;
}

/** What the target started: threads, and processes with their threads. */
export interface Family {
  readonly threads: readonly FamilyThread[];
  readonly processes: readonly FamilyProcess[];
  /** The target and all of these, pages that they share counted once; null where there is none but the target. */
  readonly treeMaxBytes: number | null;
  /** Threads and processes beyond those listed. */
  readonly unlisted: number;
}

export interface Note {
  readonly severity: 'info' | 'warning';
  readonly text: string;
}

export interface Verdict {
  readonly ok: boolean;
  /** See docs/exit-codes.md: 0 within budget, 1 over, 2 could not run, 3 interrupted, 4 undecided or not measured. */
  readonly exitCode: number;
  /** One sentence that a person understands in five seconds. */
  readonly headline: string;
}

/**
 * What keeps a run from passing, whatever its limits are and whichever of them are waived: an interruption, a target that died or hung, a
 * load that decides nothing.
 */
export type Fault = Omit<Verdict, 'ok'>;

export interface RunReport {
  readonly kind: 'run';
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly tool: ToolInfo;
  readonly target: TargetInfo;
  readonly environment: Environment;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** What to type to get this run again. */
  readonly command: string;
  readonly scenario: ScenarioInfo;
  readonly lane: Lane;
  readonly passes: readonly Pass[];
  readonly series: readonly SeriesTable[];
  readonly gc: GcEvents;
  readonly phases: readonly Phase[];
  readonly spikes: readonly Spike[];
  readonly budgets: readonly BudgetResult[];
  readonly figures: readonly Figure[];
  readonly counters: Readonly<Record<string, number>>;
  readonly ledger: Ledger | null;
  readonly messages: Messages | null;
  /** Null where no witness was uploaded. */
  readonly exchanges: Exchanges | null;
  /** Null where the lane watches one process and one thread. */
  readonly family: Family | null;
  /** Null where there is none: the limits alone decide. */
  readonly fault: Fault | null;
  readonly verdict: Verdict;
  readonly notes: readonly Note[];
  /** True when the run was cut short: what is here is true, but not all. */
  readonly partial: boolean;
}

/** Several scenarios, one verdict. */
export interface GateReport {
  readonly kind: 'gate';
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly tool: ToolInfo;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly command: string;
  readonly runs: readonly RunReport[];
  readonly verdict: Verdict;
  readonly notes: readonly Note[];
}

export type Report = RunReport | GateReport;

/** The value of a gate report or a run report as the list of its runs. */
export function runsOf(report: Report): readonly RunReport[] {
  return report.kind === 'gate' ? report.runs : [report];
}

/** The first column of that name in any table, with its table; undefined when it was not sampled. */
export function findColumn(
  run: Pick<RunReport, 'series'>,
  name: string,
): { table: SeriesTable; column: SeriesColumn } | undefined {
  for (const table of run.series) {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column) return { table, column };
  }
  return undefined;
}
