/** `signoff.json` read back: its structure, types and bounds. What it says is checked against the data (`verify.ts`). */
import * as v from 'valibot';
import type { BudgetResult, Fault, Note, ToolInfo, Verdict } from '../../reports/model.ts';
import {
  type MachineFacts,
  type PreviousVersion,
  SIGNOFF_SCHEMA_VERSION,
  type SignedComparison,
  type SignedInput,
  type SignedRun,
  type SignedScenario,
  type SignedVersion,
  type SignedWaiver,
  type SignedWorkingFolder,
  type SignoffReport,
} from '../../reports/signoff.ts';

export const summaryName = 'signoff.json';
export const ledgerFileName = 'ledger.json';
export const pageName = 'signoff.html';
export const printName = 'signoff.pdf';
export const projectName = 'project.json';
/** Beside a run whose traffic the configuration describes. */
export const trafficName = 'traffic.yaml';

/** One of each member of what is written: the compiler refuses a schema that lacks one, and would refuse honest files. */
export type Schemas<T> = Readonly<Record<keyof T, v.GenericSchema>>;

const text = v.pipe(v.string(), v.maxLength(65_536));
const name = v.pipe(v.string(), v.regex(/^[\w][\w.-]{0,79}$/));
const folder = v.pipe(v.string(), v.regex(/^(runs|pairs)\/[\w][\w.-]{0,79}\/(tap|exact|load)$/));
const number = v.pipe(v.number(), v.finite());
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const lane = v.picklist(['tap', 'exact', 'load']);
/** UTC, as JavaScript writes it: its first ten characters are the day. */
const time = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text, 'it is no time in UTC'),
);
const day = v.pipe(v.string(), v.isoDate());
const list = <T extends v.GenericSchema>(item: T, countMax = 10_000) => v.pipe(v.array(item), v.maxLength(countMax));
/** No more than all of it, as wherever a threshold is read. */
const shares = v.record(text, v.pipe(number, v.minValue(0), v.maxValue(1)));
const verdict = v.strictObject({ ok: v.boolean(), exitCode: whole, headline: text } satisfies Schemas<Verdict>);
const tool = v.strictObject({ name: text, version: text } satisfies Schemas<ToolInfo>);
const version = {
  label: text,
  commit: v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{40,64}$/))),
  dirty: v.boolean(),
  build: v.optional(list(text, 50)),
};
const packed = v.nullable(
  v.strictObject({ name: text, sha256: digest } satisfies Schemas<NonNullable<SignedVersion['package']>>),
);

const budget = v.strictObject({
  name: text,
  unit: v.picklist(['bytes', 'count', 'ms', 'seconds', 'share', 'bytesPerSecond', 'perSecond']),
  bound: v.picklist(['max', 'min']),
  limit: number,
  actual: v.nullable(number),
  ok: v.boolean(),
  state: v.picklist(['pass', 'over', 'waived', 'undecided', 'notMeasured']),
  note: text,
} satisfies Schemas<BudgetResult>);

const run = v.strictObject({
  lane,
  folder: v.nullable(folder),
  definition: text,
  thresholds: shares,
  budgets: list(budget),
  samples: v.record(text, whole),
  command: text,
  verdict,
  fault: v.optional(v.strictObject({ exitCode: whole, headline: text } satisfies Schemas<Fault>)),
  exitCode: v.optional(whole),
} satisfies Schemas<SignedRun>);

/** Its figures are held against the pairs as a whole: only what is read before that is checked here. */
const compared = v.looseObject({
  name: text,
  lane,
  pairs: v.pipe(whole, v.maxValue(64)),
  metrics: list(v.looseObject({ name: text, decision: text })),
  sites: list(v.looseObject({})),
  fault: v.optional(text),
  notes: list(v.looseObject({ severity: text, text })),
});

const comparison = v.strictObject({
  folder,
  seed: v.pipe(whole, v.maxValue(0xffff_ffff)),
  pairsMax: v.pipe(whole, v.maxValue(64)),
  repeats: v.boolean(),
  thresholds: shares,
  unfitPairs: whole,
  lastFault: text,
  isCutShort: v.boolean(),
  mayAnswerOtherwise: v.optional(v.literal(true)),
  result: compared,
} satisfies Schemas<SignedComparison>);

const input = v.strictObject({
  name: text,
  sha256: digest,
  bytes: whole,
  role: v.optional(v.picklist(['recording', 'load', 'build', 'definition'])),
  from: v.optional(
    v.pipe(v.string(), v.regex(/^(?:candidate|installed|working folder|elsewhere|commit [0-9a-f]{40,64})$/)),
  ),
} satisfies Schemas<SignedInput>);

const working = v.strictObject({
  commit: version.commit,
  folder: text,
  unlisted: v.optional(v.picklist(['files', 'bytes'])),
  files: whole,
  changed: list(
    v.strictObject({
      name: text,
      state: v.picklist(['changed', 'untracked', 'deleted', 'unreadable', 'meanwhile']),
    } satisfies Schemas<SignedWorkingFolder['changed'][number]>),
  ),
  changedCount: whole,
  other: list(text),
  otherCount: whole,
} satisfies Schemas<SignedWorkingFolder>);

const schema = v.strictObject({
  kind: v.literal('signoff'),
  schemaVersion: v.picklist([1, 2, 3, SIGNOFF_SCHEMA_VERSION]),
  tool,
  release: text,
  candidate: v.strictObject({
    ...version,
    files: whole,
    package: packed,
  } satisfies Schemas<SignedVersion>),
  previous: v.nullable(
    v.strictObject({
      ...version,
      isCandidate: v.optional(v.literal(true)),
      package: v.optional(packed),
    } satisfies Schemas<PreviousVersion>),
  ),
  startedAt: time,
  signedAt: time,
  command: text,
  machine: v.strictObject({
    node: text,
    platform: text,
    arch: text,
    kernel: text,
    cpu: text,
    cores: whole,
    memoryBytes: number,
  } satisfies Schemas<MachineFacts>),
  scope: v.strictObject({ set: v.nullable(text), leftOut: list(text), lanes: list(lane) } satisfies Schemas<
    SignoffReport['scope']
  >),
  inputs: list(input),
  working: v.optional(working),
  scenarios: list(
    v.strictObject({ name, runs: list(run, 6), comparisons: list(comparison, 3) } satisfies Schemas<SignedScenario>),
  ),
  waivers: list(
    v.strictObject({
      scenario: text,
      metric: text,
      reason: text,
      owner: text,
      until: day,
    } satisfies Schemas<SignedWaiver>),
  ),
  verdict,
  notes: list(v.strictObject({ severity: v.picklist(['info', 'warning']), text } satisfies Schemas<Note>)),
} satisfies Schemas<SignoffReport>);

/** @returns the summary, or why it is none, with its place */
export function readSummary(value: unknown): SignoffReport | string {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output as unknown as SignoffReport;
  const issue = result.issues[0];
  return `${v.getDotPath(issue) ?? 'the summary'}: ${issue.message.slice(0, 300)}`;
}
