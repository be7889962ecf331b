/**
 * What a hunt looks at: each bound of our agent's `limits.ts` by the counter that shows how full it is, and the process as a whole. A row
 * is a champion. Pure.
 */
import type { AgentLimits } from '../../agent/limits.ts';
import type { RunReport } from '../../reports/model.ts';
import type { StatsFile } from '../watch/stats-file.ts';

export interface Measured {
  readonly report: RunReport;
  readonly stats: StatsFile;
}

export interface Measure {
  /** Of the term in `limits.ts`, or of a figure. */
  readonly name: string;
  readonly help: string;
  /** What a byte that was sent costs: bytes held, bytes allocated, or nanoseconds. */
  readonly unit: 'bytes' | 'ns';
  /** Undefined where it was not measured. */
  readonly read: (run: Measured, limits: AgentLimits) => number | undefined;
  /** What is known to be there without traffic is taken away. */
  readonly isAboveBase: boolean;
  /** Less than this is noise. */
  readonly floor: number;
  /** By how much better a new champion must be: what goes by time needs more. */
  readonly better: number;
}

/** The highest of a counter, at any reading. */
function peak({ stats }: Measured, name: string): number | undefined {
  const values = [...stats.samples, ...(stats.final ? [stats.final] : [])].flatMap(({ values }) => values[name] ?? []);
  return values.length === 0 ? undefined : Math.max(...values);
}

function figure({ report }: Measured, name: string): number | undefined {
  return report.figures.find((each) => each.name === name)?.value ?? undefined;
}

const term = (limits: AgentLimits, name: string) => limits.terms.find((each) => each.name === name)?.bytes ?? 0;

/** A table that is so and so full, in bytes of its term. */
function tableShare(
  run: Measured,
  limits: AgentLimits,
  counters: readonly string[],
  most: number,
  terms: readonly string[],
) {
  const peaks = counters.map((name) => peak(run, name));
  if (peaks.every((value) => value === undefined)) return undefined;
  const used = peaks.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return (used / most) * terms.reduce((sum, name) => sum + term(limits, name), 0);
}

const bound = (name: string, help: string, read: Measure['read']): Measure => ({
  ...{ name, help, read, unit: 'bytes', isAboveBase: false, floor: 1, better: 1.02 },
});

const megabyte = 1_000_000;
const process = (name: string, metric: string, help: string, floor: number): Measure => ({
  ...{ name, help, unit: 'bytes', isAboveBase: true, floor, better: 1.1 },
  read: (run) => figure(run, metric),
});

/** In the order in which they are printed. */
export const measures: readonly Measure[] = [
  process('resident memory', 'rss.max', 'highest resident memory', 6 * megabyte),
  process('heap', 'heap.peakBeforeGc', 'highest use of the heap before a collection', 3 * megabyte),
  process('off-heap memory', 'external.max', 'most memory of buffers', 3 * megabyte),
  {
    ...process('allocated', 'allocated.bytes', 'allocated on the heap, freed objects included', megabyte),
    better: 1.02,
  },
  {
    ...process('CPU', 'cpu.seconds', 'CPU time', 0.3e9),
    unit: 'ns',
    better: 1.3,
    read: (run) => {
      const seconds = figure(run, 'cpu.seconds');
      return seconds === undefined ? undefined : seconds * 1e9;
    },
  },
  bound('tcp tables', 'streams watched, those just closed included', (run, limits) =>
    tableShare(run, limits, ['tcp.streamsOpen', 'tcp.streamsClosedHeld'], limits.tcp.streamsMax, [
      'tcp tables',
      'http streams',
    ]),
  ),
  bound('tcp pages', 'pages behind gaps', (run, limits) =>
    tableShare(run, limits, ['tcp.pagesInUsePeak'], limits.tcp.pagesMax, ['tcp pages']),
  ),
  bound('ip fragments', 'datagrams in pieces', (run, limits) =>
    tableShare(run, limits, ['tcp.datagramsWaiting'], limits.tcp.fragmentDatagramsMax, ['ip fragments']),
  ),
  bound('http heads', 'heads split over segments', (run) => peak(run, 'http.headPoolBytes')),
  bound('http requests', 'requests waiting for their response', (run, limits) =>
    tableShare(run, limits, ['http.waitingRequests'], limits.http.waitingRequestsMax, ['http requests']),
  ),
  bound('decoders', 'windows of coded bodies in flight', (run) => peak(run, 'body.decoderBytesPeak')),
  bound('bodies', 'small bodies until they are whole', (run) => peak(run, 'body.bufferBytesPeak')),
  bound('values', 'values of messages in flight, and of halves waiting', (run) => peak(run, 'witness.valueBytesPeak')),
  bound('decoded', 'bytes after decompression', (run) => run.stats.final?.values['witness.decodedBytes']),
];

/** What was used in the course of it, and is no longer there. */
export const isAllocation = ({ name, unit }: Measure): boolean => name === 'allocated' || unit === 'ns';

/** By the name of a measure. */
export type Amounts = Readonly<Record<string, number>>;

export function amountsOf(run: Measured, limits: AgentLimits): Amounts {
  return Object.fromEntries(
    measures.flatMap((measure) => {
      const amount = measure.read(run, limits);
      return amount === undefined ? [] : [[measure.name, amount] as const];
    }),
  );
}

/** What a byte that was sent costs; 0 where that is noise. @param base amounts without traffic worth the name */
export function scoreOf(measure: Measure, amounts: Amounts, base: Amounts, bytesSent: number): number {
  const amount = amounts[measure.name];
  if (amount === undefined || bytesSent <= 0) return 0;
  const above = measure.isAboveBase ? amount - (base[measure.name] ?? 0) : amount;
  return above >= measure.floor ? above / bytesSent : 0;
}
