/** What a report says of a time in which nobody read the target's memory, since the machine was busy with other work. Pure. */
import type { Note } from '../../reports/model.ts';

/** Readings come once a millisecond, or twenty times a second: a pause of so long is none of theirs. */
const pauseMsMin = 1_000;

/** @param tMs when memory was read, ascending */
export function pauseNotes(tMs: readonly number[]): Note[] {
  let [longestMs, atMs, usualMs] = [0, 0, 0];
  for (let i = 1; i < tMs.length; i += 1) {
    const pause = tMs[i]! - tMs[i - 1]!;
    usualMs += pause / (tMs.length - 1);
    if (pause > longestMs) [longestMs, atMs] = [pause, tMs[i - 1]!];
  }
  // Of a run whose samples were asked to be far apart nothing is missing.
  if (longestMs < Math.max(pauseMsMin, usualPauses * usualMs)) return [];
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  const text = `memory was not read for ${seconds(longestMs)} s from ${seconds(atMs)} s on (the machine was busy with other work): two spikes in such a pause are one, and a low between them is not known`;
  return [{ severity: 'warning', text }];
}

const usualPauses = 10;
