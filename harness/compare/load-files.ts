/** What versions are measured with: the load and all it reads are the working folder's, whichever versions are compared. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { gitOutput } from './git.ts';
import { changedFiles, changesDigest, untrackedFiles } from './version-files.ts';

/** A program or a list of requests; a larger file is known by its size and time. */
const readBytesMax = 1 << 26;
/** More than these are one: their names are kept with what is found. */
const namedMax = 500;

/**
 * Content of the working folder, by name: the commit with what was changed, files that git was never given, and those that the configuration names,
 * wherever they are. Files that git ignores are left out otherwise, and so are those elsewhere.
 * @param commands the scenario and the rest of the configuration, as JSON: words in them may be files
 */
export function loadFiles(folder: string, commands: string): Map<string, string> {
  const found = new Map<string, string>();
  const tree = gitOutput(folder, ['rev-parse', '--verify', '--quiet', 'HEAD^{tree}']) ?? '';
  const files = [...changedFiles(folder), ...untrackedFiles(folder, readBytesMax)];
  if (files.length > namedMax) found.set('uncommitted files', changesDigest(files)!);
  else for (const { name, content } of files) found.set(name, content);
  for (const word of commandWords(commands)) {
    const content = contentOf(path.resolve(folder, word));
    if (content !== '') found.set(word, content);
  }
  return found.set('the commit that is checked out', tree);
}

/** What may be the name of a file in a command. */
export function commandWords(text: string): string[] {
  return text.split(/[\s'"=\\]+/);
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
