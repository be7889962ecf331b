/** When what is in one file of raw data happened: within the run, and in the order in which a run goes. Pure. */
import { laneRules } from '../pass/lane-rules.ts';
import type { Measurement } from '../report/measurement.ts';
import { column, largest } from './raw-memory.ts';

/** The one is read right before the other. */
const clockStepMs = 1;
/** A target is given ten seconds to end, and says its last words meanwhile; a busy machine makes more of them. */
const endingMs = 30_000;

/** When it was no longer watched, ms since its start. */
export function endOf({ pass: { watch } }: Measurement): number {
  return Math.max(watch.phases.at(-1)?.endMs ?? 0, watch.rss.tMs.at(-1) ?? 0);
}

/** A process ends by a code or by a signal; one that was given up was not asked to end as a service is, and one that was killed was asked. */
export function exitFault({ pass: { exit } }: Measurement): string | undefined {
  if (exit.code !== null && exit.signal !== null) return 'the target ended by a code and by a signal';
  if (exit.signal !== null && !/^SIG[A-Z0-9]+$/.test(exit.signal)) return 'the target ended by a signal that is none';
  if (exit.killed && !exit.expected && !exit.givenUp) return 'the target was killed, and was not asked to end';
  return exit.expected && exit.givenUp ? 'the target was given up, and ended as expected' : undefined;
}

/** Nothing is sent before the beginning. At capacity a sample has the next one's count: that one's time is meant. */
function hasSentBefore({ sent, sendStartMs }: Measurement['pass']): boolean {
  const first = column(sent, 'frames').findIndex((frames) => frames !== null && frames > 0);
  return first >= 0 && sendStartMs > (sent.tMs[first + 1] ?? Number.POSITIVE_INFINITY) + clockStepMs;
}

/** What is sent has a beginning before its end; nothing was sampled, said or ended after the run. */
export function timesFault(measurement: Measurement): string | undefined {
  const { pass } = measurement;
  const { startedAtEpochMs, sendStartMs, sendEndMs, watch, channel, sent, stats, family } = pass;
  const endMs = endOf(measurement);
  if (sendStartMs > sendEndMs) return 'its traffic ended before it began';
  const [before, next] = watch.phases;
  const after = watch.phases.findLast(({ name }) => name === laneRules[pass.lane].phaseNames[1]);
  const isInPhases =
    (before?.startMs ?? 0) <= sendStartMs + clockStepMs &&
    sendStartMs <= (next?.startMs ?? sendStartMs) + clockStepMs &&
    sendEndMs <= (after?.startMs ?? sendEndMs) + clockStepMs;
  if (pass.isTried && !isInPhases) return 'its traffic was at another time than its phases';
  if (pass.isTried && hasSentBefore(pass)) return 'frames were sent before its traffic began';
  const sampled = [watch.rss, watch.rollup, watch.map, watch.levels, watch.tops, sent, channel.v8].map(
    ({ tMs }) => tMs,
  );
  const said = [channel.gc, channel.marks].map((list) => list.map(({ tMs }) => tMs));
  const agents = [...stats.samples, ...(stats.final ? [stats.final] : [])].map(({ tsMs }) => tsMs - startedAtEpochMs);
  const members = (family?.members ?? []).flatMap((each) => [each.endMs ?? 0, each.watch?.line.tMs.at(-1) ?? 0]);
  const last = largest([sendEndMs, channel.last?.tMs ?? 0], agents, members, ...sampled, ...said);
  return last > endMs + endingMs ? 'something in it happened after its end' : undefined;
}
