/**
 * What a run did, by two witnesses each: CPU time by the process and by the kernel, bytes by the kernel and in answers, the time of a load by
 * its samples and by the clock; recorded requests by what became of each. Pure.
 */
import type { RequestAccount } from '../feed/request-account.ts';
import type { Measurement } from '../report/measurement.ts';
import { column } from './raw-memory.ts';

/** User and system time are each rounded down to a tick of 10 ms. */
const ticksMs = 20;
const ownShare = 0.01;
/** Threads come and go between two looks. */
const otherThreads = 4;

const bytesSlack = 1 << 20;
const bytesShare = 0.05;

/** The clock is read again when the load has ended: 199 ms were seen on a busy machine. */
const endingMs = 2_000;
const endingShare = 0.05;

/** What the process that is watched says of itself goes with what is seen of it from outside; one that answers nothing may be another. */
export function workFault({ pass }: Measurement): string | undefined {
  const { lane, channel } = pass;
  const isSame = lane === 'exact' || channel.last?.answers !== undefined;
  return isSame ? (cpuFault(pass) ?? bytesFault(pass)) : undefined;
}

/** Between the one look and the other each thread takes a processor at most. */
function cpuFault({ watch, channel }: Measurement['pass']): string | undefined {
  const { usage, usageBefore, rss, rollup, peakIsWhole } = watch;
  const { cpuMs, tMs = 0 } = channel.last ?? {};
  if (cpuMs === undefined || !usage || usageBefore) return undefined;
  const outsideMs = usage.userMs + usage.systemMs;
  const lookedMs = rollup.tMs.at(-1) ?? 0;
  const threads = usage.threads + otherThreads;
  const slackMs = ticksMs + ownShare * outsideMs;
  const laterMs = Math.max(0, Math.max(lookedMs, rss.tMs.at(-1) ?? 0) - tMs);
  if (cpuMs < outsideMs - threads * laterMs - slackMs) return 'it says of less CPU time than it had from outside';
  // The last look at its shares is one at its CPU time, where it was there to the end.
  if (!peakIsWhole || rollup.tMs.length === 0) return undefined;
  return cpuMs > outsideMs + threads * Math.max(0, tMs - lookedMs) + slackMs
    ? 'it says of more CPU time than it had from outside'
    : undefined;
}

/** The kernel counts what a process reads and writes, its answers among it. */
function bytesFault({ lane, channel, sent }: Measurement['pass']): string | undefined {
  const { bytes: answered = 0 } = channel.last?.answers ?? {};
  const bytes = column(sent, 'bytes').at(-1) ?? 0;
  // Not to be read of another user's process.
  if (lane !== 'load' || bytes === 0) return undefined;
  return bytes < (1 - bytesShare) * answered - bytesSlack ? 'fewer bytes went through it than it answered' : undefined;
}

/** A load's frames are its milliseconds. */
export function loadTimeFault({ interrupted, pass }: Measurement): string | undefined {
  const { lane, isTried, exit, sent, sending, sendStartMs, sendEndMs } = pass;
  if (lane !== 'load' || !isTried || interrupted || !exit.expected || sending || pass.requests) return undefined;
  const ms = column(sent, 'frames').at(-1) ?? 0;
  const tookMs = sendEndMs - sendStartMs;
  return ms > tookMs + 1 || tookMs > (1 + endingShare) * ms + endingMs
    ? 'its load took another time than its samples have'
    : undefined;
}

/** Looks at what stays go with the traffic; each recorded request was answered once, or not. */
export function requestsFault({ settled, pass: { requests, answers } }: Measurement): string | undefined {
  const isBack = settled?.some(({ frames }, at) => at > 0 && frames < settled[at - 1]!.frames);
  if (isBack) return 'looks at what stays go back in the traffic';
  if (!requests) return undefined;
  const { answered, not2xx } = requests;
  const isOther = answers && !answers.statuses && (answers.total !== answered || answers.not2xx !== not2xx);
  return isOther || !addsUp(requests) ? 'its recorded requests do not add up' : undefined;
}

function addsUp(account: RequestAccount): boolean {
  const { answered, not2xx, unanswered, errors, incomparableErrors = 0, sent, recorded, loops, cutShort } = account;
  const { differentStatus, differentLength, uncompared, statusOnly, revalidated = 0 } = account;
  const failed = errors + incomparableErrors;
  return (
    not2xx <= answered &&
    failed <= Math.min(not2xx, differentStatus + uncompared) &&
    differentStatus + differentLength + uncompared + statusOnly + revalidated <= answered &&
    answered + unanswered <= recorded.requests * loops &&
    (cutShort || answered + unanswered >= sent)
  );
}
