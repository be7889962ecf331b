/** The digest of a package as `npm pack` writes it (`.tgz`): what is published is what was signed off. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { FloodgateError } from '../../agent/errors.ts';

/** The registry takes none that large. */
const packageBytesMax = 512 << 20;

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

function invalid(file: string, why: string): FloodgateError {
  return new FloodgateError('package-invalid', `${file} is no package: ${why}`, {
    hint: 'Give the .tgz that npm pack writes, a folder, or a commit or tag.',
  });
}
