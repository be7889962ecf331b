/** What a pass sampled as the report's tables. Pure. */
import type { GcEvents, SeriesGroup, SeriesTable } from '../../reports/model.ts';
import type { MeasuredPass, PassResult } from '../pass/pass-result.ts';
import { gaugesOf } from '../watch/agent-counters.ts';
import type { SampleTable } from '../watch/sample-table.ts';
import { familySeries, treeSeries } from './family.ts';

/** Every table of the pass; tables without a sample are left out. */
export function seriesOf(pass: PassResult): SeriesTable[] {
  return withSamples([
    ...memoryAndHeapOf(pass),
    spacesOf(pass),
    ...trafficAndAgentOf(pass),
    collectorOf(pass),
    ...familySeries(pass),
  ]);
}

/** Those of them that whoever has the measurement makes again, in the same order. */
export function measuredSeries(pass: MeasuredPass): SeriesTable[] {
  return withSamples([...memoryAndHeapOf(pass), ...trafficAndAgentOf(pass), ...treeSeries(pass)]);
}

const withSamples = (tables: readonly SeriesTable[]) =>
  tables.filter((table) => table.tMs.length > 0 && table.columns.length > 0);

function memoryAndHeapOf(pass: MeasuredPass): SeriesTable[] {
  return [
    residentOf(pass),
    tableOf('memory', pass.watch.rollup),
    mapOf(pass),
    tableOf('heap', pass.channel.v8),
    requestsOf(pass),
  ];
}

function trafficAndAgentOf(pass: MeasuredPass): SeriesTable[] {
  const gauges = gaugesOf(pass.stats, pass.startedAtEpochMs);
  const agent: SeriesTable = {
    group: 'agent',
    tMs: gauges.tMs,
    columns: [
      { name: 'pages', unit: 'count' as const, kind: 'gauge' as const, values: gauges.pages },
      { name: 'streams', unit: 'count' as const, kind: 'gauge' as const, values: gauges.streams },
      { name: 'overloadLevel', unit: 'count' as const, kind: 'gauge' as const, values: gauges.overload },
    ].filter((column) => column.values.some((value) => value !== null)),
  };
  return [trafficOf(pass), agent];
}

export function gcEventsOf({ channel }: Pick<MeasuredPass, 'channel'>): GcEvents {
  const events = channel.gc;
  return {
    tMs: events.map((event) => event.tMs),
    kind: events.map((event) => event.kind),
    pauseMs: events.map((event) => event.pauseMs),
    usedBeforeBytes: events.map((event) => event.usedBefore),
    usedAfterBytes: events.map((event) => event.usedAfter),
  };
}

/** Without frames the counter is the time of the load, which is not drawn: the time axis shows it. */
function trafficOf({ sent, lane }: MeasuredPass): SeriesTable {
  const table = tableOf('traffic', sent);
  const isDrawn = (name: string, values: readonly (number | null)[]) =>
    name === 'bytes' ? lane !== 'load' || values.some((value) => value !== 0) : name === 'frames' && lane !== 'load';
  return { ...table, columns: table.columns.filter(({ name, values }) => isDrawn(name, values)) };
}

/** The process that the agent uploads to. */
function collectorOf({ companion }: PassResult): SeriesTable {
  if (!companion?.watch) return { group: 'other', tMs: [], columns: [] };
  const { tMs, columns } = tableOf('other', companion.watch.rss);
  const name = `${companion.name}Rss`;
  return {
    group: 'other',
    tMs,
    columns: columns.filter((each) => each.name === 'rss').map((each) => ({ ...each, name })),
  };
}

/** Samples, and between them what was higher or moved. */
function residentOf({ watch }: MeasuredPass): SeriesTable {
  const { tMs, rss, own } = watch.line();
  const column = (name: string, values: readonly (number | null)[]) =>
    ({ name, unit: 'bytes', kind: 'gauge', values }) as const;
  return { group: 'memory', tMs, columns: [column('rss', rss), column('own', own)] };
}

/** What `own` is made of. */
function mapOf({ watch }: MeasuredPass): SeriesTable {
  const table = tableOf('memory', watch.map);
  return { ...table, columns: table.columns.map((column) => ({ ...column, name: mapNames[column.name]! })) };
}

const mapNames: Readonly<Record<string, string>> = {
  heapBytes: 'heapPages',
  codeBytes: 'codePages',
  allocatorBytes: 'mallocArenas',
  blockBytes: 'mappedBlocks',
  stackBytes: 'stacks',
  imageBytes: 'writtenImage',
};

/** At fixed numbers of requests: what `floodgate compare` takes equal windows of. */
export function requestsOf({
  channel: { marks },
}: {
  readonly channel: Pick<MeasuredPass['channel'], 'marks'>;
}): SeriesTable {
  const column = (name: string, unit: 'count' | 'bytes', values: number[]) =>
    ({ name, unit, kind: 'counter', values }) as const;
  const offHeap = marks.flatMap((mark) => mark.offHeap ?? []);
  return {
    group: 'other',
    tMs: marks.map(({ tMs }) => tMs),
    columns: [
      column(
        'requests',
        'count',
        marks.map(({ requests }) => requests),
      ),
      column(
        'allocatedByRequests',
        'bytes',
        marks.map(({ allocated }) => allocated),
      ),
      column(
        'allocatedYoungByRequests',
        'bytes',
        marks.map(({ allocatedYoung }) => allocatedYoung),
      ),
      ...(offHeap.length > 0 && offHeap.length === marks.length ? [column('offHeapByRequests', 'bytes', offHeap)] : []),
    ],
  };
}

function tableOf(group: SeriesGroup, table: SampleTable): SeriesTable {
  return {
    group,
    tMs: table.tMs(),
    columns: table.columns
      .map(({ name, unit, kind }) => ({ name, unit, kind, values: table.column(name) }))
      .filter((column) => column.values.some((value) => value !== null)),
  };
}

function spacesOf({ channel }: PassResult): SeriesTable {
  const names = [...new Set(channel.spaces.flatMap((sample) => Object.keys(sample.used)))];
  return {
    group: 'heap',
    tMs: channel.spaces.map((sample) => sample.tMs),
    columns: names
      .map((name) => ({
        name,
        unit: 'bytes' as const,
        kind: 'gauge' as const,
        values: channel.spaces.map((sample) => sample.used[name] ?? null),
      }))
      .filter((column) => column.values.some((value) => value !== null && value > 0)),
  };
}
