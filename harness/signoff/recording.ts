/** Recordings that scenarios of a sign-off send: which they were. */
import { statSync } from 'node:fs';
import { FloodgateError } from '../../agent/errors.ts';
import { fileDigest } from './file-digest.ts';

/** @returns undefined where there is none. @throws FloodgateError `recording-unreadable` */
export function describeRecording(file: string): { readonly sha256: string; readonly bytes: number } | undefined {
  try {
    const bytes = statSync(file, { throwIfNoEntry: false })?.size;
    return bytes === undefined ? undefined : { sha256: fileDigest(file), bytes };
  } catch (error) {
    throw new FloodgateError('recording-unreadable', `${file} is no recording: ${(error as Error).message}`, {
      hint: 'A scenario of the sign-off sends it: name a plain file that this user may read.',
    });
  }
}
