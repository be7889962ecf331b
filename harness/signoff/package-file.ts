/** The digest of a package as `npm pack` writes it (`.tgz`): what is published is what was signed off. */
import { FloodgateError } from '../../agent/errors.ts';
import { fileDigest } from './file-digest.ts';

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

function invalid(file: string, why: string): FloodgateError {
  return new FloodgateError('package-invalid', `${file} is no package: ${why}`, {
    hint: 'Give the .tgz that npm pack writes, a folder, or a commit or tag.',
  });
}
