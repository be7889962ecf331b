/** What a report says of recorded requests that were sent at a service. Pure. */
import { counted } from '../../reports/counted.ts';
import { formatBytes, formatCount } from '../../reports/format.ts';
import type { Note } from '../../reports/model.ts';
import { type RequestAccount, type UnsentReason, unsentInAll, unsentReasons } from '../feed/request-account.ts';
import { equalWindows } from '../metrics/request-window.ts';
import { repeatableArguments } from '../pass/lane-rules.ts';
import type { PassResult } from '../pass/pass-result.ts';

/** The differences one by one, in the report's folder. */
export const differencesName = 'requests.jsonl';

const modeWords: Readonly<Record<RequestAccount['mode'], string>> = {
  recorded: 'at their recorded times',
  topspeed: 'as fast as answers came',
  oneAtATime: 'one at a time',
};

export function requestNotes(measure: PassResult): Note[] {
  const { requests } = measure;
  if (!requests) return [];
  const notes: Note[] = [];
  const add = (severity: Note['severity'], text: string) => notes.push({ severity, text: `requests: ${text}` });
  const { recorded, mode, sent, bytesSent, loops, reconnects, repeated = 0 } = requests;
  add(
    'info',
    `${formatCount(sent)} of ${formatCount(recorded.requests * loops)} sent ${modeWords[mode]}, ${formatBytes(bytesSent)}, on ` +
      `${counted(recorded.connections * loops, 'connection')} as recorded, ${formatCount(reconnects)} opened again`,
  );
  if (repeated > 0) {
    add(
      'info',
      `${formatCount(repeated)} sent once more, over another connection: the service had closed theirs before anything of an answer came; each counts once`,
    );
  }
  noteUnsent(requests, add);
  noteUnusedRules(requests, add);
  noteAnswers(requests, add);
  if (mode === 'recorded') noteLateness(requests, add);
  if (mode === 'oneAtATime') noteWindows(measure, add);
  return notes;
}

type Add = (severity: Note['severity'], text: string) => void;

function noteUnsent({ recorded, loops }: RequestAccount, add: Add): void {
  for (const [reason, count] of Object.entries(recorded.unsent)) {
    add('warning', `${formatCount(count * loops)} not sent: ${unsentReasons[reason as UnsentReason]}`);
  }
  const { upgraded, unknown, isAssembled } = recorded;
  if (upgraded > 0)
    add('warning', `${counted(upgraded * loops, 'connection')} left HTTP/1 by an upgrade: what followed was not sent`);
  if (unknown > 0)
    add('info', `${counted(unknown, 'connection')} of the recording ${unknown === 1 ? 'is' : 'are'} no HTTP at all`);
  if (isAssembled) add('info', 'put together from a HAR file, which holds no bytes of a wire');
}

function noteUnusedRules({ unusedRules = [], sent }: RequestAccount, add: Add): void {
  if (sent === 0 || unusedRules.length === 0) return;
  add(
    'warning',
    `no request had what ${unusedRules.join(', ')} names: a rule adds nothing, and names of cookies are in the case that they have`,
  );
}

function noteAnswers(requests: RequestAccount, add: Add): void {
  const { unanswered, errors, unasked = 0, socketErrors, differentStatus, differentLength } = requests;
  if (unanswered > 0) {
    const why = Object.entries(socketErrors).map(([code, count]) => `${code} ${formatCount(count)} times`);
    add('warning', `${formatCount(unanswered)} got no whole answer${why.length > 0 ? ` (${why.join(', ')})` : ''}`);
  }
  if (errors > 0) add('warning', `${formatCount(errors)} answers are errors that the recorded ones were not`);
  if (unasked > 0) {
    add(
      'warning',
      `${formatCount(unasked)} times the service said more than it was asked for (an answer twice, bytes behind an answer): each counts as failed, and its connection was not used further`,
    );
  }
  const count = differentStatus + differentLength;
  if (count > 0) {
    const [status, length] = [formatCount(differentStatus), formatCount(differentLength)];
    add(
      'warning',
      `${formatCount(count)} answers differ from the recorded ones: ${status} in status, ${length} in length (${differencesName})`,
    );
  }
  noteUncompared(requests, add);
}

function noteUncompared(requests: RequestAccount, add: Add): void {
  const { uncompared, incomparableErrors = 0, statusOnly, revalidated = 0 } = requests;
  if (uncompared > 0)
    add('info', `${formatCount(uncompared)} answers were not compared: the recording has none for them`);
  if (incomparableErrors > 0)
    add(
      'warning',
      `${formatCount(incomparableErrors)} of these are errors, and may be as recorded: bytes are missing on their connections, and which answer was theirs is not known`,
    );
  if (statusOnly > 0)
    add(
      'info',
      `${formatCount(statusOnly)} answers were compared in status alone: the recorded ones are not whole, or the HAR file contradicts itself about their length`,
    );
  if (revalidated > 0)
    add(
      'info',
      `${formatCount(revalidated)} answers 200 or 304 were not compared: the HAR file has the copy that the browser asked to be confirmed`,
    );
}

function noteLateness({ lateP50Us, lateP99Us, lateMaxUs, ownLateP99Us, waited }: RequestAccount, add: Add): void {
  if (lateP99Us === null) return;
  const ms = (us: number | null) => `${((us ?? 0) / 1000).toFixed(2)} ms`;
  const own =
    waited > 0
      ? `; ${formatCount(waited)} waited for the answer before them, the others’ p99 is ${ms(ownLateP99Us)}`
      : '';
  add('info', `late by ${ms(lateP50Us)} (p50), ${ms(lateP99Us)} (p99), ${ms(lateMaxUs)} at most${own}`);
}

function noteWindows({ channel, commandLine }: PassResult, add: Add): void {
  const known = repeatableArguments.filter((each) => commandLine.includes(each));
  if (known.length > 0) add('info', `V8 ran under ${known.join(' ')}`);
  const { requests, values } = equalWindows(channel.marks);
  if (values.length === 0) return;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const range = ((high - low) / low) * 100;
  add(
    'info',
    `allocated.perRequest over ${values.length} equal windows of ${formatCount(requests)}: ${formatBytes(low)} to ${formatBytes(high)}, ` +
      `a range of ${range.toFixed(2)} % (each holds other requests); after the first hundred requests all garbage was collected, nothing by force after it`,
  );
}

/** With fewer requests served, what was measured is how a failure is answered. */
const servedShareMin = 0.1;

export function isHardlyServed(total: number, failed: number): boolean {
  return total > 0 && total - failed <= total * servedShareMin;
}

/** Why limits that hold say nothing, for requests that were not sent. Undefined where all were, or a limit says how many may be missing. */
export function whyRequestsUnjudged(
  requests: RequestAccount,
  budget: Readonly<Record<string, number>>,
): string | undefined {
  const { sent, unanswered, errors } = requests;
  const failed = unanswered + errors;
  if (failed > (budget['requests.failed'] ?? 0) && isHardlyServed(sent, failed)) {
    return `${formatCount(failed)} of ${formatCount(sent)} requests failed; limits under such a load decide nothing (--budget requests.failed=N if that is meant).`;
  }
  if (budget['requests.unsent'] !== undefined) return undefined;
  if (requests.recorded.isCutShort) {
    return 'The recording ends early, in the middle of a record: limits on its whole requests decide nothing (--budget requests.unsent=N if that is meant).';
  }
  const count = unsentInAll(requests);
  if (count === 0) return undefined;
  const all = formatCount(count + requests.recorded.requests * requests.loops);
  return `${formatCount(count)} of ${all} requests of the recording were not sent; limits on the rest decide nothing (--budget requests.unsent=N if that is meant).`;
}
