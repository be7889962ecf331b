/** A target that names a file of the working folder: both versions would run that one. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { splitWords } from '../target/command-words.ts';
import type { VersionStore } from './version-store.ts';
import { isWithin } from './within.ts';

/** @param folder of the project, as it is worked in. @throws FloodgateError `option-invalid` */
export function refuseOutside(
  command: string,
  folder: string,
  { checkout, projectFolder, prefix }: Pick<VersionStore, 'checkout' | 'projectFolder' | 'prefix'>,
): void {
  const top = prefix === '' ? folder : path.resolve(folder, ...prefix.split(path.sep).map(() => '..'));
  for (const word of splitWords(command)) {
    // `--config=/shop/server.json` names one as well.
    const name = word.slice(word.startsWith('-') ? word.indexOf('=') + 1 : 0);
    if (!path.isAbsolute(name) && !name.split('/').includes('..')) continue;
    const place = path.resolve(projectFolder, name);
    if (!isWithin(place, top) || isWithin(place, checkout) || isInstalled(place, top) || !existsSync(place)) continue;
    throw new FloodgateError(
      'option-invalid',
      `the target names ${place}, which lies in the working folder: both versions would run that`,
      { hint: `Name it as it is called in the project: ${path.relative(folder, place) || '.'}` },
    );
  }
}

/** A runtime or a tool that is installed in it (`node_modules`, `.venv`, `.nvm`) is no version's. */
const isInstalled = (file: string, top: string): boolean =>
  path
    .relative(top, file)
    .split(path.sep)
    .some((name) => name === 'node_modules' || (name.startsWith('.') && name !== '.floodgate'));
