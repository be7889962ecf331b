/**
 * A report with what its measurement says in the place of what stands in it: series, collections, phases, counters, the ledger, and how high
 * each spike was. What a measurement does not hold stays as it is: what explained the spikes, V8's spaces, threads, and the collector's memory.
 * Pure.
 */
import type { Note, RunReport, SeriesTable, Spike } from '../../reports/model.ts';
import type { SpikeShape } from '../explain/spikes.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import { type Derived, derivedOf, measuredNotes } from './derived.ts';
import { treeMaxOf } from './family.ts';
import { findingsOf, withSettled } from './findings.ts';
import type { Measurement } from './measurement.ts';
import { measuredSeries } from './series.ts';

/** @param measure of the measurement */
export function reportAgain(
  stored: RunReport,
  { budget, settled }: Measurement,
  measure: MeasuredPass,
): Derived & Pick<RunReport, 'series' | 'spikes' | 'family' | 'notes'> {
  const found = findingsOf(measure, budget);
  const { spikes, frames } = settled ? withSettled(found, budget, settled) : found;
  return {
    ...derivedOf(measure),
    series: seriesAgain(stored.series, measure),
    spikes: spikes.map(({ shape: _, ...levels }, at) => ({
      ...(stored.spikes[at] ?? unexplained),
      ...levels,
      frames: measure.lane === 'load' ? null : frames[at]!,
    })),
    notes: notesAgain(stored.notes, measure),
    family: measure.family ? stored.family && { ...stored.family, treeMaxBytes: treeMaxOf(measure) } : null,
  };
}

/** Of a spike that the report does not have. */
const unexplained: Omit<Spike, Exclude<keyof SpikeShape, 'shape'> | 'frames'> = {
  ...{ cause: 'unknown', causeDetail: '', namedShare: null, linesShare: null, flame: null, keeper: null },
  ...{ suspects: [], streams: [], parts: [], profiles: [], retained: [], sources: [], commonCaller: null, lines: null },
};

/** Remarks are the report's own; what was left out, refused or not answered is among them. */
function notesAgain(stored: readonly Note[], measure: MeasuredPass): Note[] {
  const isSaid = (note: Note) => stored.some(({ severity, text }) => severity === note.severity && text === note.text);
  return [...stored, ...measuredNotes(measure).filter((note) => !isSaid(note))];
}

/** Tables that no measurement holds stay where they are; all others are those of the measurement, in its order. */
function seriesAgain(stored: readonly SeriesTable[], measure: MeasuredPass): SeriesTable[] {
  const measured = measuredSeries(measure);
  const lines = (measure.family?.members ?? []).flatMap(({ watch }) => (watch ? [watch.line()] : []));
  const tables = stored.flatMap((table) => {
    if (isReportsOwn(table)) return [table];
    if (!isProcess(table)) return measured.splice(0, 1);
    // Its name is in the report alone.
    const line = lines.shift();
    return line ? [{ ...table, tMs: line.tMs, columns: [{ ...table.columns[0]!, values: line.rss }] }] : [];
  });
  return [...tables, ...measured];
}

const isReportsOwn = ({ group, columns }: SeriesTable): boolean =>
  columns.length > 0 &&
  ((group === 'heap' && columns.every(({ name }) => /^(\w+_space|thread \d+ .*)$/s.test(name))) ||
    (group === 'other' && columns.length === 1 && /Rss$/.test(columns[0]!.name)));

const isProcess = ({ group, columns }: SeriesTable): boolean =>
  group === 'memory' && columns.length === 1 && /^process \d+ /.test(columns[0]!.name);
