/** What `floodgate signoff` prints at its end: the verdict, what is no pass, and where the bundle lies. */
import type { KeyObject } from 'node:crypto';
import path from 'node:path';
import { counted } from '../../reports/counted.ts';
import { formatDuration, printable, verdictMark } from '../../reports/format.ts';
import { type SignoffReport, testsOf } from '../../reports/signoff.ts';
import { keyIdOf } from '../signoff/envelope.ts';

interface Ending {
  readonly out: string;
  readonly key: KeyObject | undefined;
  readonly archive: boolean;
  readonly tookMs: number;
}

export function printSignoff(report: SignoffReport, { out, key, archive, tookMs }: Ending): void {
  const tests = testsOf(report);
  const open = tests.filter(({ outcome }) => outcome !== 'passed');
  const lines = [
    `${verdictMark(report.verdict)} ${report.verdict.headline}`,
    `  ${limitsOf(tests.length, open.length)}; ${formatDuration(tookMs)}`,
    ...open.map(({ name, outcome }) => `  ${outcome}: ${name}`),
    ...report.notes.map(({ text }) => `  note: ${text}`),
    '',
    `bundle: ${path.relative('', out) || '.'}${archive ? ` and ${path.relative('', out)}.tar.gz` : ''}`,
    key ? `signed: key ${keyIdOf(key)}` : 'unsigned: floodgate verify refuses it without --allow-unsigned',
  ];
  process.stdout.write(`${lines.map((line) => printable(line)).join('\n')}\n`);
}

function limitsOf(count: number, openCount: number): string {
  if (count === 1) return openCount === 0 ? '1 limit, and it holds' : '1 limit, and it does not hold';
  const good = count - openCount;
  return `${counted(count, 'limit')}, ${good} of them ${good === 1 ? 'holds' : 'hold'}`;
}
