/** Files that a target names, and no checkout has: git ignores them, so that they are in the working folder alone. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { splitWords } from '../target/command-words.ts';
import { gitOutput } from './git.ts';

export interface StartedIn {
  readonly command: string;
  /** As it is worked in. */
  readonly folder: string;
  /** Of the version that runs. */
  readonly projectFolder: string;
  /** Commands that make a checkout ready now. */
  readonly build: readonly string[];
}

/** @returns what is missing, and how it gets there; empty where nothing is */
export function missingFilesHint({ command, folder, projectFolder, build }: StartedIn): string {
  const names = splitWords(command)
    .flatMap((word) => [word, word.slice(word.indexOf('=') + 1)])
    .filter((name) => isMissing(name, folder, projectFolder));
  if (names.length === 0) return '';
  const unique = [...new Set(names)].map((name) => path.normalize(name));
  const copies = unique.map((name) => `cp -R ${path.relative(projectFolder, path.join(folder, name))} ${name}`);
  const commands = [...build.filter((each) => !copies.includes(each)), ...copies].map((each) => `'${each}'`).join(', ');
  const [are, them] = unique.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return `${unique.join(' and ')} ${are} in the working folder, and git ignores ${them}: no checkout has ${them}. Have it copied: build: [${commands}].`;
}

function isMissing(name: string, folder: string, projectFolder: string): boolean {
  if (name === '' || path.isAbsolute(name) || path.normalize(name).startsWith('..')) return false;
  if (!existsSync(path.join(folder, name)) || existsSync(path.join(projectFolder, name))) return false;
  return gitOutput(folder, ['check-ignore', '--quiet', '--', name]) !== undefined;
}
