/** A package as `npm pack` writes it (`.tgz`), unpacked as a version that can be run. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { extract } from 'tar';
import { FloodgateError } from '../../agent/errors.ts';
import { runBuild } from '../compare/build-version.ts';
import { sourceFilesMax } from './limits.ts';

/** The registry takes none that large. */
const packageBytesMax = 512 << 20;
const unpackedBytesMax = 2 ** 31;

export interface UnpackedPackage {
  /** Of the file. */
  readonly name: string;
  readonly sha256: string;
  readonly folder: string;
}

export function isPackageFile(label: string): boolean {
  return /\.(tgz|tar\.gz)$/i.test(label);
}

/** @throws FloodgateError `package-invalid` */
export function packageDigest(file: string): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw invalid(file, 'it does not exist');
  if (size > packageBytesMax) throw invalid(file, 'it is larger than 512 MiB');
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/**
 * Unpacks it once, and installs what it depends on, without install scripts.
 * @param root folder for packages of this project
 * @throws FloodgateError `package-invalid`, `build-failed`
 */
export async function unpackPackage(
  file: string,
  root: string,
  onStep: (text: string) => void,
): Promise<UnpackedPackage> {
  const sha256 = packageDigest(file);
  const name = path.basename(file);
  const folder = path.join(root, sha256.slice(0, 16));
  if (existsSync(folder)) return { name, sha256, folder };
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  try {
    unpack(file, draft);
    if (!existsSync(path.join(draft, 'package.json'))) throw invalid(file, 'it holds no package.json');
    if (dependsOnOthers(draft)) {
      await runBuild(['npm install --omit=dev --ignore-scripts --no-audit --no-fund'], draft, name, onStep);
    }
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return { name, sha256, folder };
}

function unpack(file: string, folder: string): void {
  let files = 0;
  let bytes = 0;
  let fault: string | undefined;
  try {
    extract({
      ...{ file, cwd: folder, strip: 1, sync: true, strict: true },
      filter: (name, entry) => {
        if (!('type' in entry)) return false;
        files += 1;
        bytes += entry.size;
        if (entry.type !== 'File' && entry.type !== 'Directory') fault ??= `${name} is a ${entry.type}`;
        if (files > sourceFilesMax || bytes > unpackedBytesMax) fault ??= 'it is too large';
        return fault === undefined;
      },
    });
  } catch (error) {
    throw invalid(file, (error as Error).message.slice(0, 300));
  }
  if (fault) throw invalid(file, fault);
}

function dependsOnOthers(folder: string): boolean {
  const { dependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return Object.keys(dependencies).length > 0 && !existsSync(path.join(folder, 'node_modules'));
}

function invalid(file: string, why: string): FloodgateError {
  return new FloodgateError('package-invalid', `${file} is no package: ${why}`, {
    hint: 'Give the .tgz that npm pack writes, a folder, or a commit or tag.',
  });
}
