/** What load generators say at their end of the answers they got, each in its own words. Pure. */
import type { Answers } from '../preload/options.ts';

/** Requests that got no answer. A load that rounds them (`12k`) says no more than between which two they lie. */
export interface Unanswered {
  readonly least: number;
  readonly most: number;
}

const colours = /\u001b\[[0-9;]*m/g;
const whole = (text: string | undefined) => Number((text ?? '0').replaceAll(/[,_]/g, ''));

/** One a generator; undefined where the text is not its report. */
const readers: readonly ((text: string) => Answers | undefined)[] = [
  // autocannon: `150 2xx responses, 50 non 2xx responses`, only where there were such.
  (text) => {
    const match = /^([\d,]+) 2xx responses, ([\d,]+) non 2xx responses/m.exec(text);
    return match ? { total: whole(match[1]) + whole(match[2]), not2xx: whole(match[2]) } : undefined;
  },
  // autocannon, where none had another status: `4k requests in 1.01s, 476 kB read`, which counts what it sent.
  (text) => {
    const sent = /^([\d,]+[kM]?) requests in [\d.]+s, [\d.]+ [kMGT]?B read/m.exec(text);
    if (!sent) return undefined;
    const total = Math.round(middleOf(sumOf([sent[1]!])) - middleOf(unansweredIn(text)));
    return total > 0 ? { total, not2xx: 0, isEstimate: true } : undefined;
  },
  // wrk: `  1234 requests in 10.00s, …` and `  Non-2xx or 3xx responses: 50`.
  (text) => {
    const total = /^\s*(\d+) requests in [\d.]+\w+, [\d.]+\w+ read/m.exec(text);
    const failed = /^\s*Non-2xx or 3xx responses: (\d+)/m.exec(text);
    return total ? { total: whole(total[1]), not2xx: whole(failed?.[1]) } : undefined;
  },
  // ab: `Complete requests:      200` and `Non-2xx responses:      200`.
  (text) => {
    const total = /^Complete requests:\s+(\d+)/m.exec(text);
    const failed = /^Non-2xx responses:\s+(\d+)/m.exec(text);
    return total ? { total: whole(total[1]), not2xx: whole(failed?.[1]) } : undefined;
  },
  // hey, oha: `  [200]	150 responses`, one line a status.
  (text) => byStatus([...text.matchAll(/^\s*\[(\d{3})\]\s+(\d+) responses/gm)]),
  // vegeta: `Status Codes  [code:count]  200:150  500:50`.
  (text) => {
    const line = /^Status Codes\s+\[code:count\]\s+(.*)$/m.exec(text)?.[1] ?? '';
    return byStatus([...line.matchAll(/(\d{3}|0):(\d+)/g)]);
  },
  // k6: `http_req_failed...: 25.00% 50 out of 200` (or ✓ and ✗ with both counts, before version 1).
  (text) => {
    const match = /http_req_failed\.*:\s+[\d.]+%\s+(\d+) out of (\d+)/.exec(text);
    return match ? { total: whole(match[2]), not2xx: whole(match[1]) } : undefined;
  },
];

function byStatus(counts: readonly RegExpExecArray[]): Answers | undefined {
  if (counts.length === 0) return undefined;
  let total = 0;
  let not2xx = 0;
  for (const [, status, count] of counts) {
    total += whole(count);
    if (!status!.startsWith('2')) not2xx += whole(count);
  }
  return { total, not2xx };
}

/** Requests that got no answer (refused, reset, too late), one a generator; k6 and vegeta count them among their answers. */
const unansweredReaders: readonly RegExp[] = [
  // autocannon, where the server closes every connection: no error to it, but `4k requests in 2.02s, 0 B read`.
  /^([\d,]+[kM]?) requests in [\d.]+s, 0 B read/m,
  // autocannon: `53 errors (3 timeouts)`, from a thousand on rounded, `12k errors (0 timeouts)`; only where there were such.
  /^([\d,]+[kM]?) errors \([\d,]+[kM]? timeouts\)/m,
  // wrk: `  Socket errors: connect 0, read 50, write 0, timeout 3`, likewise.
  /^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/m,
  // ab, where a request failed; a length that varies is no failure.
  /^\s*\(Connect: (\d+), Receive: (\d+), Length: \d+, Exceptions: (\d+)\)/m,
];
/** hey, oha: `Error distribution:`, then `  [12]	Get "http://…": …`, one line a kind of error. */
const errorDistribution = /^Error distribution:\n((?:\s*\[\d+\].*\n?)+)/m;

/** @param text the end of what a load wrote @returns none where it says nothing of such */
export function readUnanswered(text: string): Unanswered {
  return unansweredIn(text.replaceAll(colours, ''));
}

function unansweredIn(plain: string): Unanswered {
  for (const reader of unansweredReaders) {
    const match = reader.exec(plain);
    if (match) return sumOf(match.slice(1));
  }
  const rows = errorDistribution.exec(plain)?.[1] ?? '';
  return sumOf([...rows.matchAll(/^\s*\[(\d+)\]/gm)].map(([, count]) => count!));
}

const middleOf = ({ least, most }: Unanswered) => (least + most) / 2;

function sumOf(counts: readonly string[]): Unanswered {
  let [least, most] = [0, 0];
  for (const count of counts) {
    const unit = count.endsWith('k') ? 1e3 : count.endsWith('M') ? 1e6 : 1;
    const middle = whole(count.replace(/[kM]$/, '')) * unit;
    least += middle - (unit === 1 ? 0 : unit / 2);
    most += middle + (unit === 1 ? 0 : unit / 2);
  }
  return { least, most };
}

/** @param text the end of what a load wrote */
export function readAnswers(text: string): Answers | undefined {
  const plain = text.replaceAll(colours, '');
  for (const read of readers) {
    const answers = read(plain);
    if (answers) return answers;
  }
  return undefined;
}
