/** A version by what a person types (folder, commit, tag, package), with the list of its source. */
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { strayModule } from '../compare/stray-modules.ts';
import type { Version } from '../compare/version-label.ts';
import type { VersionStore } from '../compare/version-store.ts';
import type { Project } from '../project/find-config.ts';
import type { BundleFiles } from '../signoff/bundle-room.ts';
import { isPackageFile, packageDigest } from '../signoff/package-file.ts';
import { readSourceList, sourceFiles, sourceListName, sourceListText, withoutMode } from '../signoff/source-list.ts';

export interface PreparedVersion {
  readonly label: string;
  readonly version: Version;
  /** Null where it is none. */
  readonly package: { readonly name: string; readonly sha256: string } | null;
  /** What made it ready to run. */
  readonly build: readonly string[];
}

export const describeSource = (folder: string): string => sourceListText(sourceFiles(folder));

/** Checked out or unpacked, and built. @throws FloodgateError */
export async function preparedVersion(
  store: VersionStore,
  { folder }: Project,
  label: string,
): Promise<PreparedVersion> {
  const version = await store.prepare(label);
  const stray = strayModule(version, folder, store);
  if (stray !== undefined)
    throw new FloodgateError('version-mixed', stray, {
      hint: "Set the commands in the configuration: build: ['npm ci', 'npm run build'].",
    });
  const build = store.buildOf(version);
  if (!isPackageFile(label)) return { label, version, package: null, build };
  const file = path.resolve(folder, label);
  const name = path.basename(file);
  return { label: name, version, package: { name, sha256: packageDigest(file) }, build };
}

/** @throws FloodgateError `rerun-refused` for a source that is not the one of the bundle */
export function refuseOtherSource(files: BundleFiles, list: string, schemaVersion: number): void {
  const found = schemaVersion === 1 ? sourceListText((readSourceList(list) ?? []).map(withoutMode)) : list;
  if (files.get(sourceListName)?.toString('utf8') === found) return;
  throw new FloodgateError('rerun-refused', 'this is not the candidate that was signed off', {
    hint: 'Name it with --candidate: floodgate verify BUNDLE --candidate says which files differ.',
  });
}
