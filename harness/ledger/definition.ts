/** What makes a scenario the one that it is: its command line, without its limits and where the report went. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunReport } from '../../reports/model.ts';

/**
 * Options that change what is judged, or where it is written, and nothing of what is measured; true where a word of their own follows.
 * Where a checkout lies is no part of a scenario.
 */
const notMeasuring = new Map([
  ['--budget', true],
  ['--out', true],
  ['--agent', true],
  ['--target-dir', true],
  ['--no-explain', false],
  ['--explain', false],
  ['--keep-measurement', false],
]);

/** @param folder of the project; paths in it count from there. @returns 16 hexadecimal digits */
export function definitionOf({ command }: Pick<RunReport, 'command'>, folder: string): string {
  const words = command.match(/(?:[^\s']|'[^']*')+/g) ?? [];
  const kept = words.filter(
    (word, at) => !notMeasuring.has(word.split('=')[0]!) && notMeasuring.get(words[at - 1] ?? '') !== true,
  );
  const text = kept.map(contentOf).join(' ').replaceAll(path.join(folder, path.sep), '');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Traffic that the configuration describes was written into the report's folder, another one each time: its content counts. */
function contentOf(word: string): string {
  return /\/traffic\.yaml$/.test(word) && existsSync(word) ? readFileSync(word, 'utf8') : word;
}
