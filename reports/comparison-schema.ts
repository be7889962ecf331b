/** What `comparison.json` holds, as a schema: published for other people's readers, and checked where ours read one. */
import * as v from 'valibot';
import { COMPARISON_SCHEMA_VERSION } from './comparison.ts';

const text = v.string();
const number = v.pipe(v.number(), v.finite());
const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const decision = v.picklist(['worse', 'within', 'undecided', 'shown', 'notMeasured']);
const notes = v.array(v.object({ severity: v.picklist(['info', 'warning']), text }));

const version = v.object({
  label: text,
  commit: v.nullable(v.pipe(text, v.regex(/^[0-9a-f]{7,64}$/))),
  dirty: v.boolean(),
  package: v.nullable(text),
  /** Empty where the comparison failed before it had the version. */
  key: v.pipe(text, v.regex(/^(?:[0-9a-f]{16})?$/)),
});

const metric = v.object({
  name: text,
  unit: v.picklist(['bytes', 'count', 'ms', 'seconds', 'share', 'bytesPerSecond', 'perSecond']),
  bound: v.picklist(['max', 'min']),
  base: v.array(v.nullable(number)),
  head: v.array(v.nullable(number)),
  baseMedian: v.nullable(number),
  headMedian: v.nullable(number),
  change: v.nullable(number),
  changeLow: v.nullable(number),
  changeHigh: v.nullable(number),
  threshold: v.nullable(number),
  detectable: v.nullable(number),
  decision,
  note: text,
});

export const comparedSite = v.object({
  file: text,
  line: whole,
  functionName: text,
  isOffHeap: v.boolean(),
  baseBytes: v.nullable(number),
  headBytes: v.nullable(number),
  errorBytes: number,
  // Absent where it is not known, and in reports of before.
  changed: v.optional(v.array(whole)),
  source: v.nullable(v.looseObject({ file: text })),
  // Reports of before have none.
  origin: v.optional(
    v.nullable(
      v.object({ how: v.picklist(['renamed', 'replaced', 'split', 'joined']), file: text, functionName: text }),
    ),
  ),
});

const scenario = v.object({
  name: text,
  lane: v.picklist(['tap', 'exact', 'load']),
  method: v.picklist(['numbers', 'pairs']),
  pairs: whole,
  metrics: v.array(metric),
  sites: v.array(comparedSite),
  fault: v.optional(text),
  definedIn: v.optional(v.object({ file: text, line: whole })),
  notes,
});

const timeline = v.object({
  scenario: text,
  pair: whole,
  tMs: v.array(number),
  base: v.array(v.nullable(number)),
  head: v.array(v.nullable(number)),
});

const flame = v.object({
  scenario: text,
  unit: v.literal('bytes'),
  sites: v.object({ functionName: v.array(text), file: v.array(text), line: v.array(whole) }),
  parent: v.array(v.pipe(v.number(), v.integer(), v.minValue(-1))),
  site: v.array(whole),
  before: v.array(number),
  after: v.array(number),
});

export const comparisonSchema = v.object({
  kind: v.literal('comparison'),
  schemaVersion: v.literal(COMPARISON_SCHEMA_VERSION),
  tool: v.object({ name: text, version: text }),
  startedAt: text,
  durationMs: v.pipe(number, v.minValue(0)),
  command: text,
  folder: text,
  base: version,
  head: version,
  errorRate: number,
  scenarios: v.array(scenario),
  timelines: v.array(timeline),
  flames: v.array(flame),
  failures: v.optional(v.array(v.object({ message: text, details: text }))),
  config: v.optional(text),
  verdict: v.object({ ok: v.boolean(), exitCode: whole, headline: text }),
});
