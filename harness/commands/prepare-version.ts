/** A version by what a person types (folder, commit, tag, package), with the list of its source. */
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { Version, VersionStore } from '../compare/version-store.ts';
import type { Project } from '../project/find-config.ts';
import type { BundleFiles } from '../signoff/bundle-files.ts';
import { isPackageFile, unpackPackage } from '../signoff/package-file.ts';
import { sourceFiles, sourceListName, sourceListText } from '../signoff/source-list.ts';

export interface PreparedVersion {
  readonly label: string;
  readonly version: Version;
  /** Null where it is none. */
  readonly package: { readonly name: string; readonly sha256: string } | null;
}

export const describeSource = (folder: string): string => sourceListText(sourceFiles(folder));

/** Checked out or unpacked, and built. @throws FloodgateError */
export async function preparedVersion(
  store: VersionStore,
  { folder }: Project,
  label: string,
  onStep: (text: string) => void,
): Promise<PreparedVersion> {
  if (!isPackageFile(label)) return { label, version: await store.prepare(label), package: null };
  const unpacked = await unpackPackage(path.resolve(label), path.join(folder, '.floodgate', 'packages'), onStep);
  const { name, sha256 } = unpacked;
  return { label: name, version: await store.prepare(unpacked.folder), package: { name, sha256 } };
}

/** @throws FloodgateError `rerun-refused` for a source that is not the one of the bundle */
export function refuseOtherSource(files: BundleFiles, list: string): void {
  if (files.get(sourceListName)?.toString('utf8') === list) return;
  throw new FloodgateError('rerun-refused', 'this is not the candidate that was signed off', {
    hint: 'Name it with --candidate: floodgate verify BUNDLE --candidate says which files differ.',
  });
}
