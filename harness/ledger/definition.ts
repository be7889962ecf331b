/** What makes a scenario the one that it is: its command line, without its limits and where the report went. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunReport } from '../../reports/model.ts';
import { quotedWords } from '../requests/shown-command.ts';

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
  ['--keep-snapshots', false],
]);

/** A file's text; undefined where there is none. */
type ReadText = (file: string) => string | undefined;

/**
 * @param folder of the project; paths in it count from there
 * @param readText of a file that a word names
 * @returns 16 hexadecimal digits
 */
export function definitionOf(
  { command }: Pick<RunReport, 'command'>,
  folder: string,
  readText: ReadText = readKept,
): string {
  const text = measuringWords(command)
    .map((word) => (isTraffic(word) ? (readText(word) ?? word) : word))
    .join(' ')
    .replaceAll(path.join(folder, path.sep), '');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Without `floodgate`'s options that change nothing of what is measured. */
export function measuringWords(command: string): string[] {
  return quotedWords(command).filter(
    (word, at, all) => !notMeasuring.has(word.split('=')[0]!) && notMeasuring.get(all[at - 1] ?? '') !== true,
  );
}

/** Traffic that the configuration describes was written into the report's folder, another one each time: its content counts. */
const isTraffic = (word: string): boolean => /\/traffic\.yaml$/.test(word);

const readKept: ReadText = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
