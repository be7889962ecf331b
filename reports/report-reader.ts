/**
 * Reads a report back from JSON that anyone may have edited: structure, types, bounds and agreement between columns
 * are checked, unknown keys are dropped, and what is wrong is said with its path.
 */
import * as v from 'valibot';
import {
  type BudgetResult,
  type Fault,
  type GateReport,
  type Report,
  type RunReport,
  SCHEMA_VERSION,
  type SpikeStream,
} from './model.ts';

/** What is wrong with a report, and where in it. */
export class ReportError extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'ReportError';
  }
}

/** A run of a day at 1 kHz; more is not a report but an accident. */
const SAMPLES_MAX = 100_000_000;
/** Headlines, commands, paths: none is a book. */
const TEXT_CHARS_MAX = 65_536;
/** Rows a person could page through; flame trees and samples have their own limits. */
const ROWS_MAX = 10_000;
/** A call tree of a profile at 8 KiB sampling stays under this by far. */
const FLAME_NODES_MAX = 1_000_000;
const RUNS_MAX = 1_000;

const text = v.pipe(v.string(), v.maxLength(TEXT_CHARS_MAX));
const number = v.pipe(v.number(), v.finite());
const amount = v.pipe(number, v.minValue(0));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const list = <T extends v.GenericSchema>(item: T, countMax = ROWS_MAX) =>
  v.pipe(v.array(item), v.maxLength(countMax), v.readonly());

/** Long columns are checked by a plain loop: a schema call per number would take seconds. */
function column<T>(check: (value: unknown) => boolean, what: string, countMax: number) {
  return v.custom<readonly T[]>(
    (input) => Array.isArray(input) && input.length <= countMax && input.every(check),
    `expected a list of at most ${countMax} ${what}`,
  );
}
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const isIndex = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= -1;
const isText = (value: unknown) => typeof value === 'string' && value.length <= TEXT_CHARS_MAX;
const numbers = column<number>(isNumber, 'numbers', SAMPLES_MAX);
const numbersOrGaps = column<number | null>((x) => x === null || isNumber(x), 'numbers or nulls', SAMPLES_MAX);
const texts = column<string>(isText, 'strings', SAMPLES_MAX);
const flameNumbers = column<number>(isNumber, 'numbers', FLAME_NODES_MAX);
const flameIndexes = column<number>(isIndex, 'indexes', FLAME_NODES_MAX);

const isAscending = (values: readonly number[]) => values.every((value, i) => i === 0 || value >= values[i - 1]!);

const unit = v.picklist(['bytes', 'count', 'ms', 'seconds', 'share', 'bytesPerSecond', 'perSecond']);
const tool = v.object({ name: text, version: text });
const verdict = v.object({ ok: v.boolean(), exitCode: whole, headline: text });
const notes = list(v.object({ severity: v.picklist(['info', 'warning']), text }));

const environment = v.object({
  node: text,
  v8: text,
  platform: text,
  arch: text,
  kernel: text,
  cpu: text,
  cores: whole,
  memoryBytes: amount,
  privilege: text,
  extra: v.record(text, text),
});

const pass = v.object({
  kind: v.picklist([
    'measure',
    'settled',
    'allocations',
    'live-heap',
    'snapshots',
    'lines',
    'cpu',
    'flame',
    'doctor',
    'allocations-every',
    'live-every',
  ]),
  startedAtMs: number,
  durationMs: amount,
  instruments: list(text),
  disturbed: v.boolean(),
  overheadShare: v.nullable(number),
  note: text,
});

const series = v.pipe(
  v.object({
    group: v.picklist(['memory', 'heap', 'traffic', 'agent', 'other']),
    tMs: v.pipe(numbers, v.check(isAscending, 'times must ascend')),
    columns: list(v.object({ name: text, unit, kind: v.picklist(['gauge', 'counter']), values: numbersOrGaps }), 1_000),
  }),
  v.check(
    (table) => table.columns.every((each) => each.values.length === table.tMs.length),
    'a column is not as long as its times',
  ),
);

const gc = v.pipe(
  v.object({ tMs: numbers, kind: texts, pauseMs: numbers, usedBeforeBytes: numbers, usedAfterBytes: numbers }),
  v.check(
    (events) => Object.values(events).every((each) => each.length === events.tMs.length),
    'the columns of the collections differ in length',
  ),
);

const suspect = v.object({
  functionName: text,
  file: text,
  line: whole,
  where: v.picklist(['heap', 'off-heap', 'cpu']),
  thread: v.optional(text, ''),
  selfBytes: number,
  totalBytes: number,
  steadyBytes: number,
  share: number,
  errorShare: amount,
});

const profile = v.object({
  kind: v.picklist(['allocations', 'live-heap', 'off-heap', 'cpu', 'snapshot']),
  role: v.picklist(['before', 'during', 'top', 'after']),
  file: text,
  format: v.picklist(['pprof', 'heapprofile', 'heapsnapshot', 'cpuprofile', 'speedscope', 'collapsed']),
  startMs: number,
  endMs: number,
});

const flame = v.pipe(
  v.object({
    unit,
    sites: v.pipe(
      v.object({ functionName: texts, file: texts, line: flameNumbers }),
      v.check(
        (sites) => sites.file.length === sites.functionName.length && sites.line.length === sites.file.length,
        'the columns of the call sites differ in length',
      ),
    ),
    parent: flameIndexes,
    site: flameIndexes,
    before: flameNumbers,
    after: flameNumbers,
  }),
  v.check(
    ({ parent, site, before, after }) =>
      site.length === parent.length && before.length === parent.length && after.length === parent.length,
    'the columns of the call tree differ in length',
  ),
  v.check(
    ({ parent, site, sites }) =>
      parent.every((up, i) => (i === 0 ? up === -1 : up >= 0 && up < i)) &&
      site.every((index) => index >= 0 && index < sites.file.length),
    'the call tree must have its root first, each parent before its children, and known call sites',
  ),
);

const retained = v.object({
  className: text,
  count: number,
  countAdded: number,
  selfBytes: number,
  selfBytesAdded: number,
  retainedBytes: number,
  retainedBytesAdded: number,
  retainedBytesAfter: v.optional(v.nullable(number), null),
  retainingPath: list(text),
});

/** Older reports do not say what a part is known by. */
const part = v.pipe(
  v.object({
    name: text,
    bytes: number,
    named: v.boolean(),
    by: v.optional(v.picklist(['line', 'function', 'ledger', 'pages', 'nothing'])),
  }),
  v.transform(({ by, ...rest }) => ({ ...rest, by: by ?? (rest.named ? ('pages' as const) : ('nothing' as const)) })),
);
const keeper = v.object({
  name: text,
  kind: text,
  file: text,
  line: whole,
  held: text,
  countAdded: number,
  perRequest: v.nullable(number),
  bytesAdded: number,
  share: number,
  path: list(text),
});

const lineBytes = v.object({
  file: text,
  functionName: text,
  counts: v.picklist(['allocated', 'alive']),
  rows: list(v.object({ line: whole, bytes: number, errorShare: number })),
});

const excerpt = v.object({
  file: text,
  line: whole,
  firstLine: whole,
  lines: list(text),
  of: v.picklist(['suspect', 'keeper']),
  note: text,
});

/** Older reports described a stream in words. */
const streamOfText = (source: string): SpikeStream => ({
  source,
  destination: '',
  frames: 0,
  bytes: 0,
  bytesBehindGap: 0,
  gapFrame: null,
  messages: 0,
  largestMessage: '',
  largestMessageBytes: 0,
});

const stream = v.object({
  source: text,
  destination: text,
  frames: whole,
  bytes: amount,
  bytesBehindGap: amount,
  gapFrame: v.nullable(whole),
  messages: whole,
  largestMessage: text,
  largestMessageBytes: amount,
});

const spike = v.object({
  // Older reports have none of these.
  line: v.optional(v.picklist(['rss', 'allocated']), 'rss'),
  startMs: number,
  topMs: number,
  endMs: number,
  baselineBytes: number,
  topBytes: number,
  heightBytes: number,
  cause: v.picklist(['live-growth', 'garbage', 'off-heap', 'fragmentation', 'reassembly', 'code', 'leak', 'unknown']),
  causeDetail: text,
  recoveryMs: v.nullable(amount),
  suspects: list(suspect),
  frames: v.nullable(v.object({ first: whole, last: whole })),
  streams: list(v.union([stream, v.pipe(text, v.transform(streamOfText))])),
  parts: v.optional(list(part), []),
  namedShare: v.optional(v.nullable(number), null),
  linesShare: v.optional(v.nullable(number), null),
  profiles: list(profile),
  flame: v.nullable(flame),
  retained: list(retained),
  keeper: v.optional(v.nullable(keeper), null),
  commonCaller: v.optional(v.nullable(suspect), null),
  sources: v.optional(list(excerpt), []),
  lines: v.optional(v.nullable(lineBytes), null),
});

/** Older reports have no state: what was not measured was not ok. */
const budget = v.pipe(
  v.object({
    name: text,
    unit,
    bound: v.picklist(['max', 'min']),
    limit: number,
    actual: v.nullable(number),
    ok: v.boolean(),
    state: v.optional(v.picklist(['pass', 'over', 'waived', 'undecided', 'notMeasured'])),
    note: text,
  }),
  v.transform(({ state, note, ...rest }): BudgetResult => {
    const read = state ?? (rest.ok ? 'pass' : rest.actual === null ? 'notMeasured' : 'over');
    return { ...rest, state: read, note };
  }),
  v.check(
    ({ ok, state }) => ok === (state === 'pass' || state === 'waived'),
    'a budget that is ok has passed or is waived, and no other',
  ),
);

const figure = v.object({
  name: text,
  unit,
  bound: v.optional(v.picklist(['max', 'min']), 'max'),
  state: v.optional(v.picklist(['value', 'undecided', 'notMeasured']), 'value'),
  value: v.nullable(number),
  low: v.optional(v.nullable(number), null),
  high: v.optional(v.nullable(number), null),
  note: v.optional(text, ''),
});

const ledger = v.object({
  framesSent: whole,
  bytesSent: whole,
  framesDelivered: whole,
  bytesDelivered: whole,
  framesDropped: v.nullable(whole),
  ok: v.boolean(),
});

const messageCount = v.object({ requests: whole, responses: whole });

/** Older reports end before there are witnesses. */
const exchanges = v.object({
  sent: whole,
  intact: whole,
  stored: whole,
  storedWhole: whole,
  shed: v.record(text, whole),
  missing: whole,
  unanswered: v.optional(whole),
  unpaired: v.optional(whole),
});

const familyThread = v.object({
  id: whole,
  name: text,
  startMs: number,
  endMs: v.nullable(number),
  heapMaxBytes: v.nullable(amount),
  externalMaxBytes: v.nullable(amount),
  allocatedBytes: v.nullable(amount),
  note: text,
});

/** Older reports know of one process and one thread. */
const family = v.object({
  threads: list(familyThread),
  processes: list(
    v.object({
      pid: whole,
      parent: whole,
      command: text,
      runtime: text,
      startMs: number,
      endMs: v.nullable(number),
      rssMaxBytes: v.nullable(amount),
      pssMaxBytes: v.nullable(amount),
      heapMaxBytes: v.nullable(amount),
      allocatedBytes: v.nullable(amount),
      threads: list(familyThread),
      note: text,
    }),
  ),
  treeMaxBytes: v.nullable(amount),
  unlisted: whole,
});

const fault = v.object({ exitCode: v.picklist([1, 2, 3, 4]), headline: text });

/** Older reports name a fault in their verdict alone. Limits that it does not follow from did not make it. */
function unnamedFault({ budgets, verdict: { exitCode, headline }, partial }: UnnamedFault): Fault | null {
  const states = new Set(budgets.map(({ state }) => state));
  const ofLimits = states.has('over') ? 1 : states.has('undecided') || states.has('notMeasured') ? 4 : 0;
  const isNamed = partial || exitCode !== ofLimits || /^The target (?:died|hung|reached)\b/.test(headline);
  // A run that was cut short is none that passed, whatever the text says.
  return isNamed ? { exitCode: exitCode || 3, headline } : null;
}

type UnnamedFault = Pick<RunReport, 'budgets' | 'verdict' | 'partial'>;

const runFields = v.object({
  kind: v.literal('run'),
  schemaVersion: v.literal(SCHEMA_VERSION),
  tool,
  target: v.object({
    name: text,
    version: text,
    runtime: v.optional(text, ''),
    stages: v.optional(text, ''),
    command: list(text),
  }),
  environment,
  startedAt: text,
  durationMs: amount,
  command: text,
  scenario: v.object({
    name: text,
    description: text,
    seed: v.nullable(number),
    defect: v.nullable(text),
    options: v.record(text, text),
  }),
  lane: v.picklist(['tap', 'exact', 'load']),
  passes: list(pass),
  series: list(series, 1_000),
  gc,
  phases: list(v.object({ name: text, startMs: number, endMs: number, rssMaxBytes: v.nullable(amount) })),
  spikes: list(spike),
  budgets: list(budget),
  figures: list(figure),
  counters: v.record(text, number),
  ledger: v.nullable(ledger),
  messages: v.nullable(v.object({ found: messageCount, truth: messageCount, mayBeLost: messageCount })),
  exchanges: v.optional(v.nullable(exchanges), null),
  family: v.optional(v.nullable(family), null),
  fault: v.optional(v.nullable(fault)),
  verdict,
  notes,
  partial: v.boolean(),
});

const runReport: v.GenericSchema<unknown, RunReport> = v.pipe(
  runFields,
  v.transform((run) => ({ ...run, fault: run.fault === undefined ? unnamedFault(run) : run.fault })),
);

const gateReport: v.GenericSchema<unknown, GateReport> = v.object({
  kind: v.literal('gate'),
  schemaVersion: v.literal(SCHEMA_VERSION),
  tool,
  startedAt: text,
  durationMs: amount,
  command: text,
  runs: list(runReport, RUNS_MAX),
  verdict,
  notes,
});

/** JSON text as whichever report it is. @throws ReportError that says what is wrong and where. */
export function readAnyReport(json: string): Report {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (error) {
    throw new ReportError(`not a report: the JSON does not parse (${(error as Error).message})`, { cause: error });
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new ReportError('not a report');
  const { kind, schemaVersion } = data as { kind?: unknown; schemaVersion?: unknown };
  if (kind !== 'run' && kind !== 'gate') throw new ReportError('not a report: "kind" is neither "run" nor "gate"');
  if (typeof schemaVersion === 'number' && schemaVersion > SCHEMA_VERSION) {
    throw new ReportError(
      `the report is of a newer version (${schemaVersion}; this floodgate reads ${SCHEMA_VERSION}): update floodgate`,
    );
  }
  const result = v.safeParse<v.GenericSchema<unknown, Report>>(kind === 'run' ? runReport : gateReport, data, {
    abortEarly: true,
  });
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new ReportError(`not a valid report: ${v.getDotPath(issue) ?? 'the report'}: ${issue.message.slice(0, 300)}`);
}
