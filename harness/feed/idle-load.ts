/**
 * Whether a load still does anything: one that waits for an answer that never comes would wait for ever. By processor time, in /proc; where the
 * target works, by what it reads and writes: one that is caught in a loop does next to neither.
 */
import { existsSync, readFileSync } from 'node:fs';
import { descendantsOf } from '../watch/descendants.ts';

/** A load that pauses between its requests does so for seconds; loads over ssh, or that wait on purpose, leave `duration` or a busy target. */
export const idleLoadMsMax = 10 * 60_000;
/** A computation between two bytes, however long, is seldom longer; whoever has such says `duration`. */
export const spinningMsMax = 60 * 60_000;
/** A target that still turns its event loop says its readings to us: four a second, of 2 KB or so, in each of its threads. */
const readingBytesPerMs = 32;
/** Of the load's processes together: a curl takes one. A hundredth of a second each. */
const loadTicksMax = 5;
/** Of the target, which is watched meanwhile: a hundredth of a processor. */
const targetShareMax = 0.01;
const looks = 40;

export interface Idle {
  /**
   * Never resolves where the system says nothing of processor time, or the target is on another machine. Resolves once neither has done
   * anything for so long: `idle`; or once the load has done nothing for longer, and the target has worked, and read and written next to nothing: `spinning`.
   */
  readonly promise: Promise<'idle' | 'spinning'>;
  readonly cancel: () => void;
}

/** @param limits for how long @default ten minutes of an idle target, an hour of one that works */
export function whenIdle(
  loadPid: number,
  targetPid: number,
  { idleMs = idleLoadMsMax, spinningMs = spinningMsMax }: { idleMs?: number; spinningMs?: number } = {},
): Idle {
  let timer: NodeJS.Timeout | undefined;
  const read = () => ({
    ...{ atMs: performance.now(), load: familyTicks(loadPid), target: familyTicks(targetPid) },
    bytes: familyBytes(targetPid),
  });
  const promise = new Promise<'idle' | 'spinning'>((resolve) => {
    if (targetPid === 0 || !existsSync('/proc/self/stat')) return;
    let from = read();
    let silent = from;
    const targetMax = Math.max(loadTicksMax, (targetShareMax * idleMs) / 10);
    timer = setInterval(() => {
      const now = read();
      // What has ended is gone from the sum: less is something that happened, too.
      const hasRested = (since: typeof now) => now.load >= since.load && now.load - since.load <= loadTicksMax;
      if (!hasRested(from) || now.target - from.target > targetMax) from = now;
      else if (now.atMs - from.atMs >= idleMs) resolve('idle');
      const said = (now.bytes ?? Number.POSITIVE_INFINITY) - (silent.bytes ?? 0);
      const isSilent = said >= 0 && said <= readingBytesPerMs * (now.atMs - silent.atMs);
      if (!hasRested(silent) || !isSilent) silent = now;
      else if (now.atMs - silent.atMs >= spinningMs) resolve('spinning');
    }, idleMs / looks);
  });
  return { promise, cancel: () => clearInterval(timer) };
}

const familyOf = (pid: number) => [pid, ...descendantsOf(pid, () => false, false)];

function familyTicks(pid: number): number {
  return familyOf(pid).reduce((sum, each) => sum + ticksOf(each), 0);
}

/** Read and written by them, sockets and files alike (proc_pid_io(5)); undefined where that is not said of each. */
function familyBytes(pid: number): number | undefined {
  let bytes = 0;
  for (const each of familyOf(pid)) {
    try {
      const text = readFileSync(`/proc/${each}/io`, 'latin1');
      for (const [, count] of text.matchAll(/^[rw]char: (\d+)/gm)) bytes += Number(count);
    } catch {
      return undefined;
    }
  }
  return bytes;
}

/** User and system time of a process and of its children that ended, in hundredths of a second (proc_pid_stat(5)); 0 where there is none. */
function ticksOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  } catch {
    return 0;
  }
}
