/** A package as `npm pack` writes it (`.tgz`), its digest and its files: what is published is what was signed off. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { unpack } from '../compare/package-version.ts';
import { fileDigest } from './file-digest.ts';
import { folderAtHand, type SourceFile } from './source-list.ts';

/** The registry takes none that large. */
const packageBytesMax = 512 << 20;

export function isPackageFile(label: string): boolean {
  return /\.(tgz|tar\.gz)$/i.test(label);
}

/** @throws FloodgateError `package-invalid` */
export function packageDigest(file: string): string {
  try {
    return fileDigest(file, packageBytesMax);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw invalid(file, code === 'ENOENT' ? 'it does not exist' : message);
  }
}

/** As a sign-off of it lists them. @throws FloodgateError `version-unknown` */
export function packageFiles(file: string): readonly SourceFile[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'floodgate-package-'));
  try {
    unpack(file, folder);
    return folderAtHand(folder).files;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function invalid(file: string, why: string): FloodgateError {
  return new FloodgateError('package-invalid', `${file} is no package: ${why}`, {
    hint: 'Give the .tgz that npm pack writes, a folder, or a commit or tag.',
  });
}
