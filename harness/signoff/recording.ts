/** Recordings that scenarios of a sign-off send: which they were. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { SignedInput } from '../../reports/signoff.ts';
import type { ScenarioConfig } from '../project/define.ts';
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

/** Recordings that scenarios send: their digests say which they were. @throws FloodgateError `recording-missing`, `recording-unreadable` */
export function inputsOf(folder: string, scenarios: readonly ScenarioConfig[]): SignedInput[] {
  const names = new Set(
    scenarios.flatMap(({ capture, requests }) => [capture, requests].filter((each) => each !== undefined)),
  );
  return [...names].map((name) => {
    const file = path.resolve(folder, name);
    const described = describeRecording(file);
    if (described === undefined) {
      throw new FloodgateError('recording-missing', `${file} does not exist`, {
        hint: 'A scenario of the sign-off sends it.',
      });
    }
    return { name: path.relative(folder, file), ...described };
  });
}
