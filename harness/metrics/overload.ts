/** Readings of what the agent left out under overload, by its own counters. Pure. */
import { formatCount } from '../../reports/format.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import type { RunFigures } from './measured-run.ts';
import { between, notMeasured, type Reading, value } from './reading.ts';

const noWitnesses = 'the agent made no witnesses, or it is not our agent';

/** Frames of connections that the kernel was asked to leave out: what was in them nobody saw. */
export function framesShed({ stats }: Pick<MeasuredPass, 'stats'>): number {
  return stats.final?.values['capture.framesShed'] ?? 0;
}

/** Why something is not known to the last message. */
export const hiddenByFlows =
  'connections were left out under overload (level 4): what their frames held cannot be distinguished from what was missed';

/** Exchanges of which no witness was made, by the agent's counters. */
export const exchangeCounters: readonly string[] = ['overload.exchangesSampled', 'overload.exchangesFraming'];

function totalOf(counters: Readonly<Record<string, number>>, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
}

/** Where frames wait for the agent it leaves nothing out, and counts nothing. */
function counted({ measure }: RunFigures, names: readonly string[]): number | undefined {
  const counters = measure.stats.final?.values;
  return counters?.['witness.witnesses'] === undefined ? undefined : totalOf(counters, names);
}

function readingOf(run: RunFigures, names: readonly string[]): Reading {
  const count = counted(run, names);
  return count === undefined ? notMeasured(noWitnesses) : value(count);
}

export const level = (run: RunFigures): Reading => readingOf(run, ['overload.levelMax']);

export function exchangesShed(run: RunFigures): Reading {
  const count = counted(run, exchangeCounters);
  if (count === undefined) return notMeasured(noWitnesses);
  return between(count, framesShed(run.measure) > 0 ? Number.POSITIVE_INFINITY : count, hiddenByFlows);
}

export const bodiesShed = (run: RunFigures): Reading =>
  readingOf(run, ['overload.bodiesSampled', 'overload.bodiesGivenUp']);

/** Of the exchanges that the agent saw. */
export function witnessed(run: RunFigures): Reading {
  const shed = counted(run, exchangeCounters);
  if (shed === undefined) return notMeasured(noWitnesses);
  const made = run.measure.stats.final!.values['witness.witnesses']!;
  if (made + shed === 0) return notMeasured('the agent saw no exchange');
  const share = made / (made + shed);
  return between(framesShed(run.measure) > 0 ? 0 : share, share, hiddenByFlows);
}

/** What level N leaves out of some exchanges, in the words of docs/overload.md. */
const levelWords = ['nothing', 'bodies', 'witnesses', 'everything but framing', 'whole connections'];

/** What was left out, in a sentence; undefined where nothing was. */
export function describeOverload({ stats }: Pick<MeasuredPass, 'stats'>): string | undefined {
  const counters = stats.final?.values ?? {};
  const of = (name: string) => counters[`overload.${name}`] ?? 0;
  const highest = of('levelMax');
  if (highest === 0) return undefined;
  const shed = totalOf(counters, exchangeCounters);
  const made = counters['witness.witnesses'] ?? 0;
  const percent = (share: number) => `${(share * 100).toFixed(share > 0.1 ? 0 : 1)} %`;
  const parts = [
    `overload reached level ${highest} of 4: ${levelWords.slice(1, highest + 1).join(', ')} left out of some exchanges`,
    `${percent(made / Math.max(1, made + shed))} of the exchanges seen have a witness, ${percent((made - of('bodiesSampled')) / Math.max(1, made))} of these their bodies`,
  ];
  const frames = framesShed({ stats });
  if (frames > 0) parts.push(`${formatCount(frames)} frames of connections that were left out were not seen`);
  return parts.join('; ');
}
