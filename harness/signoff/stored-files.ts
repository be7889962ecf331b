/** Whether files are as a commit has them, by their bytes: a clone's index, times, filters and attributes are whatever its owner sets. */
import { createHash, type Hash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ofLink, ofSubmodule, type StoredFile, storedFiles } from '../compare/commit-tree.ts';
import { gitOutput } from '../compare/git.ts';
import { describe, type SourceFile } from './source-list.ts';

/** A file with its digest, and whether the commit has it so. @throws FloodgateError `source-unreadable` */
export function describeStored(
  top: string,
  name: string,
  stored: StoredFile | undefined,
): { readonly file: SourceFile; readonly isAsStored: boolean } {
  let blob: Hash | undefined;
  const file = describe(top, name, (bytes) => {
    blob = blobHash(stored, bytes);
    return blob;
  });
  if (stored === undefined || blob === undefined) return { file, isAsStored: false };
  // The text of a link is another content than the file that it leads to.
  if ((file.mode === ofLink) !== (stored.mode === ofLink)) return { file, isAsStored: false };
  const isSame = blob.digest('hex') === stored.id;
  return { file, isAsStored: isSame || (file.mode !== ofLink && isConverted(top, file, stored)) };
}

/** As git names what has this content. */
function blobHash(stored: StoredFile | undefined, bytes: number): Hash {
  return createHash(stored?.id.length === 64 ? 'sha256' : 'sha1').update(`blob ${bytes}\0`);
}

/** A larger one has no lines that somebody edits. */
const textBytesMax = 1 << 26;

/** The two conversions that lose nothing: other line ends, and git LFS. Of any other filter only whoever set it up knows what it does. */
function isConverted(top: string, { name, sha256 }: SourceFile, stored: StoredFile): boolean {
  const place = path.join(top, name);
  const { size } = lstatSync(place);
  const isStored = (content: Buffer) => blobHash(stored, content.length).update(content).digest('hex') === stored.id;
  if (isStored(pointerTo(sha256, size))) return true;
  if (size > textBytesMax) return false;
  const text = readFileSync(place).toString('latin1');
  return text.includes('\r\n') && isStored(Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1'));
}

/** As git LFS writes what stands for a file, and is committed in its place (its specification, docs/spec.md). */
const pointerTo = (sha256: string, bytes: number): Buffer =>
  Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${bytes}\n`);

/** Of a submodule that is checked out: what lies there of its commit, and of those within it. What else lies there git says. */
export function isSubmoduleAsStored(folder: string, { id }: StoredFile): boolean {
  // One that was not fetched has no file.
  if (!existsSync(path.join(folder, '.git'))) return true;
  if (gitOutput(folder, ['rev-parse', 'HEAD']) !== id) return false;
  return [...storedFiles(folder, id)].every(([name, stored]) => {
    const place = path.join(folder, name);
    if (stored.mode === ofSubmodule) return isSubmoduleAsStored(place, stored);
    return lstatSync(place, { throwIfNoEntry: false }) === undefined || describeStored(folder, name, stored).isAsStored;
  });
}
