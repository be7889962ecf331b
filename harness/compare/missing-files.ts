/** What no checkout has, and a target needs: files that git ignores, so that they are in the working folder alone, and submodules that were never fetched. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { splitWords } from '../target/command-words.ts';
import { gitOutput } from './git.ts';
import { missingSubmodules } from './submodules.ts';

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

const fetching = 'git submodule update --init --recursive';
/** More of them are said by their number. */
const shownMax = 5;

/** @param build commands that make a checkout ready now @returns empty where no submodule of it is missing */
export function missingSubmodulesHint(checkout: string, build: readonly string[]): string {
  const names = missingSubmodules(checkout);
  if (names.length === 0) return '';
  const more = names.length > shownMax ? ` and ${names.length - shownMax} more` : '';
  const commands = [fetching, ...build.filter((each) => each !== fetching)].map((each) => `'${each}'`).join(', ');
  return `The checkout lacks git submodules: ${names.slice(0, shownMax).join(', ')}${more}. No clone here has the commit that this version names. Fetch them in the working folder (${fetching}), or have them fetched: build: [${commands}].`;
}
