/**
 * All that a run's figures are read from, as a file: whoever has it can read every figure and judge every limit again, without the run.
 * Texts that the target printed, and answers that differed, are left out: no figure is read from them.
 */
import { placesOf, type SiteBytes } from '../metrics/allocated-sites.ts';
import type { SettledPoint } from '../pass/instruments/instrument.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import type { Budget } from '../scenario/scenario.ts';
import type { SampleColumn, SampleTable } from '../watch/sample-table.ts';

export const measurementName = 'measurement.json';

/** Raised whenever a reader of an older version could misread a newer file. */
export const MEASUREMENT_SCHEMA_VERSION = 1;

/** Samples that were taken together. */
export interface StoredTable {
  readonly tMs: readonly number[];
  readonly columns: readonly (SampleColumn & { readonly values: readonly (number | null)[] })[];
}

type Levels = ReturnType<MeasuredPass['watch']['levels']>;
type Tops = ReturnType<MeasuredPass['watch']['tops']>;
type Line = ReturnType<MeasuredPass['watch']['line']>;

export interface StoredWatch
  extends Omit<MeasuredPass['watch'], 'rss' | 'rollup' | 'map' | 'levels' | 'tops' | 'line'> {
  readonly rss: StoredTable;
  readonly rollup: StoredTable;
  readonly map: StoredTable;
  /** A reading a millisecond where a thread could take it. */
  readonly levels: Levels;
  /** What lies between the samples of `rss`. */
  readonly tops: Tops;
}

export interface StoredPass extends Omit<MeasuredPass, 'watch' | 'channel' | 'sent' | 'family'> {
  readonly watch: StoredWatch;
  readonly channel: Pick<MeasuredPass['channel'], 'gc' | 'marks' | 'last'> & { readonly v8: StoredTable };
  readonly sent: StoredTable;
  readonly family:
    | {
        readonly unwatched: number;
        readonly members: readonly {
          readonly endMs: number | null;
          readonly watch: { readonly line: Line; readonly rollup: StoredTable } | undefined;
        }[];
      }
    | undefined;
}

export interface Measurement {
  readonly kind: 'measurement';
  readonly schemaVersion: typeof MEASUREMENT_SCHEMA_VERSION;
  /** What it is judged by. */
  readonly budget: Budget;
  /** Names of its limits that nobody wrote. */
  readonly implied: readonly string[];
  readonly isAgent: boolean;
  readonly interrupted: boolean;
  readonly pass: StoredPass;
  /** Of the pass that forces collections; null where there was none. */
  readonly settled: readonly SettledPoint[] | null;
  /** Of everything allocated while traffic flowed; null where no pass sampled it. */
  readonly sites: readonly SiteBytes[] | null;
}

export interface MeasurementInput extends Pick<Measurement, 'budget' | 'implied' | 'isAgent' | 'interrupted'> {
  readonly measure: MeasuredPass;
  readonly settled: readonly SettledPoint[] | undefined;
  readonly sites: readonly SiteBytes[] | undefined;
}

export function measurementOf({ measure, settled, sites, ...judged }: MeasurementInput): Measurement {
  return {
    kind: 'measurement',
    schemaVersion: MEASUREMENT_SCHEMA_VERSION,
    ...judged,
    pass: storedPass(measure),
    settled: settled ?? null,
    sites: sites ? placesOf(sites) : null,
  };
}

function storedPass(measure: MeasuredPass): StoredPass {
  const { lane, startedAtEpochMs, isTried, sendStartMs, sendEndMs, ranBefore, answers, unanswered } = measure;
  const { channel, sent, stats, sending, requests, companion, family, exit, elsewhere } = measure;
  return {
    ...{ lane, startedAtEpochMs, isTried, sendStartMs, sendEndMs, ranBefore, answers, unanswered, stats },
    requests: requests && { ...requests, differences: [] },
    exit: { ...exit, lastLines: [] },
    ...(elsewhere && { elsewhere }),
    sending: sending && {
      ...{ ledger: sending.ledger, pacing: sending.pacing, truth: sending.truth },
      impairments: sending.impairments?.filter(({ isIncomplete }) => isIncomplete),
    },
    companion: companion && {
      witnesses: companion.witnesses,
      ...(companion.endpoints && { endpoints: companion.endpoints }),
      watch: companion.watch && { rssPeakBytes: companion.watch.rssPeakBytes },
    },
    watch: storedWatch(measure.watch),
    channel: { gc: channel.gc, marks: channel.marks, last: channel.last, v8: storedTable(channel.v8) },
    sent: storedTable(sent),
    family: family && {
      unwatched: family.unwatched,
      members: family.members.map(({ endMs, watch }) => ({
        endMs,
        watch: watch && { line: watch.line(), rollup: storedTable(watch.rollup) },
      })),
    },
  };
}

function storedWatch(watch: MeasuredPass['watch']): StoredWatch {
  const { phases, rssPeakBytes, trafficPeakBytes, usage, usageBefore, groupPeakBytes, rollupRssBytes } = watch;
  const { tMs, bytes } = watch.levels();
  return {
    ...{ phases, rssPeakBytes, usage, usageBefore, groupPeakBytes, rollupRssBytes, peakIsWhole: watch.peakIsWhole },
    ...(trafficPeakBytes !== undefined && { trafficPeakBytes }),
    rss: storedTable(watch.rss),
    rollup: storedTable(watch.rollup),
    map: storedTable(watch.map),
    levels: { tMs, bytes },
    tops: watch.tops(),
  };
}

function storedTable(table: SampleTable): StoredTable {
  return {
    tMs: table.tMs(),
    columns: table.columns.map(({ name, unit, kind }) => ({ name, unit, kind, values: table.column(name) })),
  };
}
