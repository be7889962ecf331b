/** What load generators say at their end of the answers they got, each in its own words. Pure. */
import type { Answers } from '../preload/options.ts';

const colours = /\u001b\[[0-9;]*m/g;
const whole = (text: string | undefined) => Number((text ?? '0').replaceAll(/[,_]/g, ''));

/** One a generator; undefined where the text is not its report. */
const readers: readonly ((text: string) => Answers | undefined)[] = [
  // autocannon: `150 2xx responses, 50 non 2xx responses`, only where there were such.
  (text) => {
    const match = /^([\d,]+) 2xx responses, ([\d,]+) non 2xx responses/m.exec(text);
    return match ? { total: whole(match[1]) + whole(match[2]), not2xx: whole(match[2]) } : undefined;
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

/** @param text the end of what a load wrote */
export function readAnswers(text: string): Answers | undefined {
  const plain = text.replaceAll(colours, '');
  for (const read of readers) {
    const answers = read(plain);
    if (answers) return answers;
  }
  return undefined;
}
