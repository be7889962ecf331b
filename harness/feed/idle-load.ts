/** Whether a load still does anything: one that waits for an answer that never comes would wait for ever. By processor time, in /proc. */
import { existsSync, readFileSync } from 'node:fs';
import { descendantsOf } from '../watch/descendants.ts';

/** A load that pauses between its requests does so for seconds; loads over ssh, or that wait on purpose, leave `duration` or a busy target. */
export const idleLoadMsMax = 10 * 60_000;
/** Of the load's processes together: a curl takes one. A hundredth of a second each. */
const loadTicksMax = 5;
/** Of the target, which is watched meanwhile: a hundredth of a processor. */
const targetShareMax = 0.01;
const looks = 40;

export interface Idle {
  /** Never resolves where the system says nothing of processor time, or the target is on another machine. Resolves once neither has done anything for so long. */
  readonly promise: Promise<'idle'>;
  readonly cancel: () => void;
}

/** @param idleMs for how long @default ten minutes */
export function whenIdle(loadPid: number, targetPid: number, idleMs: number = idleLoadMsMax): Idle {
  let timer: NodeJS.Timeout | undefined;
  const read = () => ({ atMs: performance.now(), load: familyTicks(loadPid), target: familyTicks(targetPid) });
  const promise = new Promise<'idle'>((resolve) => {
    if (targetPid === 0 || !existsSync('/proc/self/stat')) return;
    let from = read();
    timer = setInterval(() => {
      const now = read();
      const passedMs = now.atMs - from.atMs;
      // What has ended is gone from the sum: less is something that happened, too.
      const isLoadIdle = now.load >= from.load && now.load - from.load <= loadTicksMax;
      const targetMax = Math.max(loadTicksMax, (targetShareMax * idleMs) / 10);
      if (!isLoadIdle || now.target - from.target > targetMax) from = now;
      else if (passedMs >= idleMs) resolve('idle');
    }, idleMs / looks);
  });
  return { promise, cancel: () => clearInterval(timer) };
}

function familyTicks(pid: number): number {
  return [pid, ...descendantsOf(pid, () => false, false)].reduce((sum, each) => sum + ticksOf(each), 0);
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
