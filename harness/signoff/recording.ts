/** What a sign-off is driven by, read and described: recordings, loads, what scenarios are written in; each with its digest and where it came from. */
import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { SignedInput, SignoffReport } from '../../reports/signoff.ts';
import { type DrivenProject, drivingFiles, type Role } from './driving-files.ts';
import { fileDigest } from './file-digest.ts';
import { isInSource, listsDriversFrom } from './input-origin.ts';
import type { SourceFile } from './source-list.ts';
import type { WorkingFolder } from './working-folder.ts';
import { byName, originIn } from './working-list.ts';

export interface DescribedInput {
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly role: Role;
  readonly sha256: string;
  readonly bytes: number;
}

/** @returns undefined where there is none. @throws FloodgateError `recording-unreadable`, `load-unreadable` */
function describeFile(file: string, role: Role): { readonly sha256: string; readonly bytes: number } | undefined {
  try {
    const bytes = statSync(file, { throwIfNoEntry: false })?.size;
    return bytes === undefined ? undefined : { sha256: fileDigest(file), bytes };
  } catch (error) {
    const [code, what] = role === 'recording' ? ['recording-unreadable', 'recording'] : ['load-unreadable', 'load'];
    throw new FloodgateError(code, `${file} is no ${what}: ${(error as Error).message}`, {
      hint: 'A scenario of the sign-off needs it: name a plain file that this user may read.',
    });
  }
}

/** Their digests say which they were. @throws FloodgateError `recording-missing`, `recording-unreadable`, `load-unreadable` */
export function inputsOf(project: DrivenProject): DescribedInput[] {
  const nameOf = namesIn(project.folder);
  return [...drivingFiles(project)].map(([file, role]) => {
    const described = describeFile(file, role);
    if (described === undefined) {
      throw new FloodgateError('recording-missing', `${file} does not exist`, {
        hint: 'A scenario of the sign-off sends it.',
      });
    }
    return { name: nameOf(file), file, role, ...described };
  });
}

/** Within the project, which may itself lie behind a link. */
function namesIn(folder: string): (file: string) => string {
  const real = realpathSync(folder);
  return (file) => {
    const isBehind = !file.startsWith(`${folder}${path.sep}`) && file.startsWith(`${real}${path.sep}`);
    return path.relative(isBehind ? real : folder, file).replaceAll(path.sep, '/');
  };
}

/** @param source of the candidate @returns as the summary has them */
export function signedInputs(
  inputs: readonly DescribedInput[],
  { place, files }: WorkingFolder,
  source: readonly SourceFile[],
): SignedInput[] {
  const listed = place.unlisted === undefined ? byName(files) : undefined;
  return inputs.map(({ name, sha256, bytes, role }) => {
    const from = originIn({ name, sha256 }, { place, files: listed, isOwn: isInSource({ name, sha256 }, source) });
    return { name, sha256, bytes, role, from };
  });
}

/** What was measured with two loads is signed off with neither. @throws FloodgateError `input-changed` */
export function refuseChangedInputs(inputs: readonly DescribedInput[]): void {
  const changed = inputs.find(({ file, role, sha256 }) => describeFile(file, role)?.sha256 !== sha256);
  if (changed === undefined) return;
  throw new FloodgateError('input-changed', `${changed.file} was changed while it was used: ${whatIs(changed.role)}`, {
    hint: 'Nothing was signed: no digest says which of the two was run. Leave the working folder as it is, and sign off again.',
  });
}

const roleWords: Readonly<Record<Role, string>> = {
  recording: 'a scenario sends it',
  load: 'a load names it',
  build: 'the build names it',
  definition: 'scenarios are written in it',
};
const whatIs = (role: Role) => roleWords[role];

/**
 * What is about to be run is what was signed off with, before anything of it is run.
 * @param project as it is run again @throws FloodgateError `rerun-refused`
 */
export function checkInputs({ inputs, schemaVersion }: SignoffReport, project: DrivenProject): void {
  // What scenarios were written in is not read again: the bundle has what they say.
  const run = inputs.filter(({ role }) => role !== 'definition');
  for (const { name, sha256, role = 'recording' } of run) {
    const file = path.resolve(project.folder, name);
    const found = describeFile(file, role)?.sha256;
    if (found === sha256) continue;
    const what = role === 'recording' ? 'recording' : role === 'build' ? 'file of the build' : 'load';
    const why = found === undefined ? 'does not exist' : `is another ${what}: its SHA-256 is ${found}`;
    throw new FloodgateError('rerun-refused', `${file} ${why}`, {
      hint: `The ${what} is no part of the bundle: put ${name} there, sha256 ${sha256}.`,
    });
  }
  if (schemaVersion < listsDriversFrom) return;
  const nameOf = namesIn(project.folder);
  const signed = new Set(run.map(({ name }) => name));
  for (const [file, role] of drivingFiles(project)) {
    if (role === 'definition' || signed.has(nameOf(file))) continue;
    const link = run.find(({ name }) => realpathSync(path.resolve(project.folder, name)) === file);
    if (link !== undefined)
      throw new FloodgateError(
        'rerun-refused',
        `${path.resolve(project.folder, link.name)} is a link to ${file} here, and was no link when it was signed off`,
        {
          hint: 'It has the same content, but what it imports is looked for beside the other: put the file itself there.',
        },
      );
    throw new FloodgateError('rerun-refused', `${file} was not there when it was signed off, and ${whatIs(role)}`, {
      hint: 'Take it away, or run it again in a clone of the project.',
    });
  }
}
