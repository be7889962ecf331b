/**
 * A run judged again from the file that its figures were read from: the same rows of the table of metrics read them, the same limits judge
 * them, the same rule makes the verdict. Pure.
 */
import * as v from 'valibot';
import type { BudgetResult, Fault, Figure, Spike, Verdict } from '../../reports/model.ts';
import { nativeLineOf, paceOf, settledGrowth } from '../explain/settled.ts';
import { figures, judge, Readings } from '../metrics/budgets.ts';
import { markImplied } from '../metrics/implied-limits.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import { merged } from '../watch/between-samples.ts';
import { SampleTable } from '../watch/sample-table.ts';
import { residentSpikes } from './findings.ts';
import { MEASUREMENT_SCHEMA_VERSION, type Measurement, type StoredTable, type StoredWatch } from './measurement.ts';
import { faultOf, verdictOf } from './verdict.ts';

export interface MeasuredAgain {
  readonly measure: MeasuredPass;
  readonly figures: readonly Figure[];
  readonly budgets: readonly BudgetResult[];
  /** @param spikes for the sentence: what explains a limit that is broken */
  readonly verdict: (spikes: readonly Spike[]) => Verdict;
  /** What keeps it from passing whatever its limits are. */
  readonly fault: Fault | null;
}

export function measuredAgain(measurement: Measurement): MeasuredAgain {
  const { budget, implied, isAgent, interrupted } = measurement;
  const measure = passOf(measurement);
  const looks = measurement.settled;
  const readings = Readings.of({
    measure,
    findings: residentSpikes(measure),
    sites: measurement.sites ?? undefined,
    settled: looks ? settledGrowth(looks, paceOf(measure), nativeLineOf(measure)) : undefined,
  });
  const budgets = markImplied(judge(budget, readings), implied);
  return {
    measure,
    figures: figures(readings),
    budgets,
    verdict: (spikes) => verdictOf({ measure, isAgent, budget, spikes, interrupted }, budgets),
    fault: faultOf({ measure, isAgent, budget, interrupted }),
  };
}

function passOf({ pass }: Measurement): MeasuredPass {
  const { watch, channel, sent, family } = pass;
  return {
    ...pass,
    watch: watchOf(watch),
    channel: { ...channel, v8: tableOf(channel.v8) },
    sent: tableOf(sent),
    family: family && {
      unwatched: family.unwatched,
      members: family.members.map(({ endMs, watch: own }) => ({
        endMs,
        watch: own && { line: () => own.line, rollup: tableOf(own.rollup) },
      })),
    },
  };
}

function watchOf({ rss, rollup, map, levels, tops, ...plain }: StoredWatch): MeasuredPass['watch'] {
  const table = tableOf(rss);
  return {
    ...plain,
    rss: table,
    rollup: tableOf(rollup),
    map: tableOf(map),
    levels: () => levels,
    tops: () => tops,
    line: () => merged(table, tops),
  };
}

function tableOf({ tMs, columns }: StoredTable): SampleTable {
  const table = new SampleTable(columns, Math.max(1, tMs.length));
  for (const [at, ms] of tMs.entries())
    table.add(
      ms,
      columns.map(({ values }) => values[at] ?? Number.NaN),
    );
  return table;
}

/** A run of a day at a reading a millisecond; more is no measurement. */
const samplesMax = 100_000_000;
const rowsMax = 200_000;
const textMax = 65_536;

const number = v.pipe(v.number(), v.finite());
const text = v.pipe(v.string(), v.maxLength(textMax));
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
/** Long columns are checked by a plain loop: a schema call a number would take seconds. */
const numbers = v.custom<readonly number[]>(
  (value) => Array.isArray(value) && value.length <= samplesMax && value.every(isNumber),
  'a list of numbers is expected',
);
const numbersOrGaps = v.custom<readonly (number | null)[]>(
  (value) =>
    Array.isArray(value) && value.length <= samplesMax && value.every((each) => each === null || isNumber(each)),
  'a list of numbers and nulls is expected',
);
const list = <T extends v.GenericSchema>(item: T) => v.pipe(v.array(item), v.maxLength(rowsMax));
const counts = v.record(text, number);
const isAscending = (values: readonly number[]) => values.every((value, at) => at === 0 || value >= values[at - 1]!);

const table = v.pipe(
  v.object({
    tMs: v.pipe(numbers, v.check(isAscending, 'times must ascend')),
    columns: v.pipe(
      v.array(
        v.object({
          name: text,
          unit: v.picklist(['bytes', 'count', 'ms', 'seconds', 'share']),
          kind: v.picklist(['gauge', 'counter']),
          values: numbersOrGaps,
        }),
      ),
      v.maxLength(100),
    ),
  }),
  v.check(
    ({ tMs, columns }) => columns.every(({ values }) => values.length === tMs.length),
    'a column is not as long as its times',
  ),
);
const line = v.object({ tMs: numbers, rss: numbersOrGaps, own: numbersOrGaps });
const usage = v.object({ minorFaults: number, majorFaults: number, userMs: number, systemMs: number, threads: number });
const snapshot = v.object({ tsMs: number, values: counts });
const answers = v.object({
  total: number,
  not2xx: number,
  statuses: v.optional(counts),
  ports: v.optional(counts),
  ofLoad: v.optional(number),
  bytes: v.optional(number),
  unanswered: v.optional(number),
  inFlight: v.optional(number),
});

const schema = v.object({
  kind: v.literal('measurement'),
  schemaVersion: v.literal(MEASUREMENT_SCHEMA_VERSION),
  budget: counts,
  implied: list(text),
  isAgent: v.boolean(),
  interrupted: v.boolean(),
  pass: v.object({
    lane: v.picklist(['tap', 'exact', 'load']),
    startedAtEpochMs: number,
    isTried: v.boolean(),
    sendStartMs: number,
    sendEndMs: number,
    ranBefore: v.boolean(),
    answers: v.optional(answers),
    unanswered: v.optional(v.object({ least: number, most: number })),
    stats: v.object({ samples: list(snapshot), final: v.optional(snapshot) }),
    requests: v.optional(v.looseObject({ recorded: v.looseObject({ unsent: counts, requests: number }) })),
    exit: v.object({
      code: v.nullable(number),
      signal: v.nullable(text),
      killed: v.boolean(),
      expected: v.boolean(),
      uncaught: v.optional(v.literal(true)),
      givenUp: v.optional(
        v.variant('why', [
          v.object({ why: v.literal('stalled'), stalledMs: number }),
          v.object({ why: v.literal('memory'), rssBytes: number }),
        ]),
      ),
      lastLines: v.pipe(v.array(text), v.maxLength(0)),
    }),
    elsewhere: v.optional(
      v.object({
        ...{ bytes: number, threads: number, processes: number },
        ...{ unseen: v.optional(number), isCounted: v.optional(v.boolean()) },
      }),
    ),
    sending: v.optional(
      v.object({
        ledger: v.object({
          framesSent: number,
          bytesSent: number,
          framesRefused: number,
          bytesRefused: number,
          link: v.object({ frames: number, bytes: number, dropped: number }),
          balanced: v.boolean(),
          summary: text,
        }),
        pacing: v.optional(v.looseObject({ p99Us: number, maxUs: number })),
        truth: v.optional(
          v.looseObject({ requests: number, responses: number, requestsIntact: number, responsesIntact: number }),
        ),
        impairments: v.optional(
          list(v.object({ kind: text, description: text, frames: number, isIncomplete: v.optional(v.boolean()) })),
        ),
      }),
    ),
    companion: v.optional(
      v.object({
        witnesses: number,
        endpoints: v.optional(v.object({ leastShare: number, sums: v.record(text, v.record(text, number)) })),
        watch: v.optional(v.object({ rssPeakBytes: number })),
      }),
    ),
    watch: v.object({
      phases: list(v.object({ name: text, startMs: number, endMs: number, rssMaxBytes: v.nullable(number) })),
      rssPeakBytes: number,
      trafficPeakBytes: v.optional(v.nullable(number)),
      usage: v.optional(usage),
      usageBefore: v.optional(usage),
      groupPeakBytes: v.nullable(number),
      rollupRssBytes: number,
      peakIsWhole: v.boolean(),
      rss: table,
      rollup: table,
      map: table,
      levels: v.object({ tMs: numbers, bytes: numbers }),
      tops: v.object({ tMs: numbers, rss: numbers, own: numbers }),
    }),
    channel: v.object({
      gc: list(v.looseObject({ tMs: number, kind: text, pauseMs: number, usedBefore: number, usedAfter: number })),
      marks: list(
        v.looseObject({
          tMs: number,
          requests: number,
          allocated: number,
          allocatedYoung: number,
          offHeap: v.optional(number),
        }),
      ),
      last: v.optional(
        v.looseObject({
          tMs: number,
          allocated: number,
          peakBeforeGc: number,
          afterGc: number,
          cpuMs: v.optional(number),
          rssPeak: v.optional(number),
          answers: v.optional(answers),
        }),
      ),
      v8: table,
    }),
    sent: table,
    family: v.optional(
      v.object({
        unwatched: number,
        members: list(v.object({ endMs: v.nullable(number), watch: v.optional(v.object({ line, rollup: table })) })),
      }),
    ),
  }),
  settled: v.nullable(
    list(v.object({ frames: number, requests: v.nullable(number), liveBytes: number, ownBytes: v.nullable(number) })),
  ),
  sites: v.nullable(list(v.object({ file: text, functionName: text, selfBytes: number }))),
});

/** @returns the measurement, or why it is none, with its place */
export function readMeasurement(value: unknown): Measurement | string {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output as unknown as Measurement;
  const issue = result.issues[0];
  return `${v.getDotPath(issue) ?? 'the measurement'}: ${issue.message.slice(0, 300)}`;
}
