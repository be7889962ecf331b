/** What versions are measured with: the load and all it reads are the working folder's, whichever versions are compared. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { gitOutput } from './git.ts';
import { changesOf } from './version-files.ts';

/** A program or a list of requests; a larger file is known by its size and time. */
const readBytesMax = 1 << 26;

/**
 * A name for the content of the working folder: files that git knows, with their changes, and those that the scenario names, known or not.
 * @param scenario as JSON: words of its commands may be files
 */
export function loadFiles(folder: string, scenario: string): string {
  const tree = gitOutput(folder, ['rev-parse', '--verify', '--quiet', 'HEAD^{tree}']) ?? '';
  const hash = createHash('sha256').update(`${tree}\0${changesOf(folder) ?? ''}\0`);
  for (const word of scenario.split(/[\s'"=\\]+/)) hash.update(`${contentOf(path.resolve(folder, word))}\0`);
  return hash.digest('hex').slice(0, 16);
}

function contentOf(file: string): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return '';
    if (stat.size > readBytesMax) return `${stat.size} ${stat.mtimeMs}`;
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    // A word that is no file, or one that cannot be read.
    return '';
  }
}
