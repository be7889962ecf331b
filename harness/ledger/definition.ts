/** What makes a scenario the one that it is: its command line, without its limits and where the report went. Pure. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { RunReport } from '../../reports/model.ts';

/** Options that change what is judged, or where it is written, and nothing of what is measured. */
const notMeasuring = new Set(['--budget', '--out', '--no-explain', '--explain']);

/** @param folder of the project; paths in it count from there. @returns 16 hexadecimal digits */
export function definitionOf({ command }: Pick<RunReport, 'command'>, folder: string): string {
  const words = command.match(/(?:[^\s']|'[^']*')+/g) ?? [];
  const kept = words.filter((word, at) => {
    const [name] = word.split('=');
    if (notMeasuring.has(name!)) return false;
    return !['--budget', '--out'].includes(words[at - 1] ?? '');
  });
  const text = kept.join(' ').replaceAll(path.join(folder, path.sep), '');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
