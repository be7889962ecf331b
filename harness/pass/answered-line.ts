/**
 * The requests that a target and what it has started answered in a pass: by how many there were, two passes stand at the same place,
 * however fast the load ran in each. Pure.
 */
import type { Answered } from '../watch/answered.ts';
import type { PreloadChannel } from '../watch/preload-channel.ts';
import type { PassResult } from './pass-result.ts';

/** Ascending by time; the counts never fall. Times are milliseconds of the load. */
export interface AnsweredLine {
  readonly tMs: readonly number[];
  readonly requests: readonly number[];
}

/** A pass, as far as is asked here. */
export interface AnsweringPass extends Pick<PassResult, 'sendStartMs' | 'sendEndMs'> {
  readonly channel: Pick<PreloadChannel, 'answered'>;
  readonly family: { readonly channels: readonly Pick<PreloadChannel, 'answered'>[] } | undefined;
}

/** Estimated for now, of all processes together. */
export function answeredSoon(channel: PreloadChannel, nowMs: number): number {
  return [channel, ...channel.everyKin()].reduce((sum, { answered }) => sum + answered.soon(nowMs), 0);
}

/** Undefined where no requests were counted while the load ran. */
export function answeredLine({ channel, family, sendStartMs, sendEndMs }: AnsweringPass): AnsweredLine | undefined {
  const lines = [channel, ...(family?.channels ?? [])].map(({ answered }) => lineOf(answered));
  const times = lines.flatMap(({ tMs }) => tMs).filter((ms) => ms > sendStartMs && ms < sendEndMs);
  const tMs = [...new Set([sendStartMs, ...times, sendEndMs])].sort((a, b) => a - b);
  const requests = tMs.map(() => 0);
  for (const line of lines) {
    let highest = 0;
    for (const [i, ms] of tMs.entries()) {
      highest = Math.max(highest, countAt(line, ms));
      requests[i]! += highest;
    }
  }
  if (!((requests.at(-1) ?? 0) > requests[0]!)) return undefined;
  return { tMs: tMs.map((ms) => ms - sendStartMs), requests };
}

function lineOf(answered: Answered): AnsweredLine {
  return { tMs: answered.tMs(), requests: answered.requests() };
}

/** Between two readings in proportion; none before the first, and no more after the last. */
export function countAt({ tMs, requests }: AnsweredLine, ms: number): number {
  const next = firstFrom(tMs, ms);
  if (next === tMs.length) return requests.at(-1) ?? 0;
  if (tMs[next] === ms) return requests[next]!;
  if (next === 0) return 0;
  const share = (ms - tMs[next - 1]!) / (tMs[next]! - tMs[next - 1]!);
  return requests[next - 1]! + share * (requests[next]! - requests[next - 1]!);
}

/** The last moment at which no more than so many were answered. */
export function lastAt(line: AnsweredLine, count: number): number {
  const { tMs, requests } = line;
  let at = firstFrom(requests, count);
  while (at < requests.length && requests[at]! <= count) at++;
  if (at === requests.length) return tMs.at(-1) ?? 0;
  return at === 0 ? tMs[0]! : between(line, at, count);
}

/** The first moment at which so many were answered; the end where they never were. */
export function firstAt(line: AnsweredLine, count: number): number {
  const { tMs, requests } = line;
  const at = firstFrom(requests, count);
  if (at === requests.length) return tMs.at(-1) ?? 0;
  return at === 0 ? tMs[0]! : between(line, at, count);
}

function between({ tMs, requests }: AnsweredLine, next: number, count: number): number {
  const share = (count - requests[next - 1]!) / (requests[next]! - requests[next - 1]!);
  return tMs[next - 1]! + share * (tMs[next]! - tMs[next - 1]!);
}

/** Index of the first value that is not smaller; the length where all are. */
function firstFrom(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
