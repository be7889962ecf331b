/** Whether two versions run the same files although they are two versions: then nothing was compared, and it is said. */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Note } from '../../reports/model.ts';
import { gitOutput } from './git.ts';
import type { Version } from './version-label.ts';
import type { VersionStore } from './version-store.ts';

/** Builds that leave more are not looked at: it would take longer than a run. */
const filesMax = 5_000;
const bytesMax = 256 << 20;

/** @returns a note for each reason to doubt that two versions were run */
export function sameFilesNotes(
  { base, head }: Readonly<Record<'base' | 'head', Version>>,
  store: Pick<VersionStore, 'folderOf' | 'buildOf'>,
): Note[] {
  if (base.key === head.key) return [warning('base and head are the same version: what differs is noise')];
  const [before, after] = [store.folderOf(base), store.folderOf(head)];
  const tree = (folder: string) => gitOutput(folder, ['rev-parse', 'HEAD^{tree}']);
  if (!base.dirty && !head.dirty && base.commit && head.commit && tree(before) === tree(after))
    return [warning('the commits of base and head hold the same files: what differs is noise')];
  // A file that the build names is brought along on purpose: one that git ignores, such as `.env`.
  const named = new Set([base, head].flatMap((each) => store.buildOf(each)).flatMap((line) => line.split(/[\s'"]+/)));
  const [made, remade] = [madeFiles(before, named), madeFiles(after, named)];
  if (!made || !remade || made.size === 0 || !isSame(made, remade)) return [];
  const [first = ''] = made.keys();
  const more = made.size > 1 ? ` and ${made.size - 1} more` : '';
  return [
    warning(
      `the build left the same files in both versions (${first}${more}): either no change is in them, or it takes them from elsewhere`,
    ),
  ];
}

const warning = (text: string): Note => ({ severity: 'warning', text });

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, digest]) => b.get(name) === digest);
}

/** What is in a checkout and not in its commit, packages and what is named left out, by its content; undefined where that is not known. */
function madeFiles(folder: string, named: ReadonlySet<string>): ReadonlyMap<string, string> | undefined {
  const list = gitOutput(folder, ['ls-files', '-o', '-z', '--exclude=node_modules', '--exclude=/.floodgate-*']);
  const names = list?.split('\0').filter((name) => name !== '' && !named.has(name));
  if (names === undefined || names.length > filesMax) return undefined;
  const made = new Map<string, string>();
  let bytes = 0;
  for (const name of names) {
    const file = path.join(folder, name);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (!stats?.isFile()) continue;
    bytes += stats.size;
    if (bytes > bytesMax) return undefined;
    made.set(name, createHash('sha256').update(readFileSync(file)).digest('hex'));
  }
  return made;
}
