/** What a configuration's file may be called, and what was meant for one and is not read. */
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';

const modules = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'];
const texts = ['yaml', 'yml', 'json'];

/** Files of these endings are read as YAML, of which JSON is a part. */
export const isTextFile = (file: string): boolean => texts.some((ending) => file.endsWith(`.${ending}`));
/** These are programs, whose default export counts. */
export const isModuleFile = (file: string): boolean => modules.some((ending) => file.endsWith(`.${ending}`));

/** In this order where a folder has several; having two is an error, since it is unknown which one counts. */
const fileNames = [...modules, ...texts].map((ending) => `floodgate.config.${ending}`);

/** As said in hints. */
export const readNames = `floodgate.config.${modules.join(', .')}, .${texts.slice(0, -1).join(', .')} or .${texts.at(-1)}`;

/** Any spelling: `Floodgate.config.ts`, `.floodgate-config.toml`, `floodgate.config`. */
const meant = /^\.?floodgate[._-]?config(?:\.(\w+))?$/i;
/** Whoever gave it such an ending has put it aside. */
const putAside = /^(?:bak|backup|old|orig|off|disabled|example|sample|template|dist|swp|tmp)$/i;

/** The names of configurations in a folder. @throws FloodgateError `config-invalid` where the only one there is is not read by its name */
export function configNamesIn(folder: string): string[] {
  // A link that leads nowhere is found, and then refused: a folder above has another project.
  const found = fileNames.filter((name) => lstatSync(path.join(folder, name), { throwIfNoEntry: false }));
  if (found.length > 0) return found;
  const unread = entriesOf(folder).find((name) => {
    const [all, ending = ''] = meant.exec(name) ?? [];
    return all !== undefined && !putAside.test(ending);
  });
  if (unread === undefined) return [];
  throw new FloodgateError(
    'config-invalid',
    `${path.join(folder, unread)} is not read: its name is none of a configuration`,
    {
      hint: `Rename it, or say the same in one of these: ${readNames}.`,
    },
  );
}

/** A folder above that may not be listed has no project of ours. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
