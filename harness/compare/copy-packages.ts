/** Installed packages of a working folder, brought into a version: what links led into the working folder's own code leads into the version's. */
import {
  constants,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { memberFolders, packagesName } from './project-manifest.ts';
import { isWithin } from './within.ts';

/**
 * Those of a folder and of all members of its workspace.
 * @returns false where the working folder has no packages installed
 */
export function copyPackages(folder: string, working: string): boolean {
  if (!existsSync(path.join(working, packagesName))) return false;
  for (const member of memberFolders(folder)) {
    const place = path.relative(folder, member);
    copyOwn(path.join(working, place, packagesName), path.join(member, packagesName));
    keepLinks(path.join(member, packagesName), path.join(working, place, packagesName), { folder, working });
  }
  return true;
}

function copyOwn(from: string, to: string): void {
  if (!existsSync(from) || lstatSync(to, { throwIfNoEntry: false })) return;
  // It may be a link to those of another checkout.
  cpSync(realpathSync(from), to, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
}

interface Tops {
  readonly folder: string;
  readonly working: string;
}

/** Packages are linked by their names: `node_modules/NAME` and `node_modules/@SCOPE/NAME`. */
function keepLinks(to: string, from: string, tops: Tops): void {
  if (!existsSync(to)) return;
  for (const entry of readdirSync(to, { withFileTypes: true })) {
    const [made, was] = [path.join(to, entry.name), path.join(from, entry.name)];
    if (entry.isSymbolicLink()) keepLink(made, was, tops);
    else if (entry.isDirectory() && entry.name.startsWith('@')) keepLinks(made, was, tops);
  }
}

function keepLink(made: string, was: string, { folder, working }: Tops): void {
  const text = readlinkSync(made);
  // Seen from where it was, not from a path that is a link itself.
  const target = path.resolve(path.dirname(was), text);
  const isOwn = isWithin(target, working);
  if (isOwn && !path.isAbsolute(text)) return;
  const wanted = isOwn ? path.join(folder, path.relative(working, target)) : target;
  if (wanted === text) return;
  rmSync(made);
  symlinkSync(isOwn ? path.relative(path.dirname(made), wanted) : wanted, made);
}
