/** What a sign-off is driven by, read and described: recordings, loads, what scenarios are written in; each with its digest and where it came from. */
import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { SignedInput, SignoffReport } from '../../reports/signoff.ts';
import { gitOutput } from '../compare/git.ts';
import { type DrivenProject, drivingFiles, type Role } from './driving-files.ts';
import { fileDigest } from './file-digest.ts';
import {
  isInSource,
  listsDriversFrom,
  ofCandidate,
  ofCommit,
  ofElsewhere,
  ofFolder,
  ofPackages,
} from './input-origin.ts';
import type { SourceFile } from './source-list.ts';

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
  folder: string,
  source: readonly SourceFile[],
): SignedInput[] {
  const top = gitOutput(folder, ['rev-parse', '--show-toplevel']) ?? realpathSync(folder);
  return inputs.map(({ name, file, role, sha256, bytes }) => {
    const from = isInSource({ name, sha256 }, source) ? ofCandidate : originOf(file, top);
    return { name, sha256, bytes, role, from };
  });
}

function originOf(file: string, top: string): string {
  if (!realpathSync(file).startsWith(`${realpathSync(top)}${path.sep}`)) return ofElsewhere;
  if (file.split(path.sep).includes('node_modules')) return ofPackages;
  const [folder, name] = [path.dirname(file), path.basename(file)];
  const stored = gitOutput(folder, ['rev-parse', '--verify', '--quiet', `HEAD:./${name}`]);
  const lying = gitOutput(folder, ['hash-object', '--', name]);
  const commit = gitOutput(folder, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  return stored !== undefined && stored === lying ? `${ofCommit}${commit}` : ofFolder;
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
    throw new FloodgateError('rerun-refused', `${file} was not there when it was signed off, and ${whatIs(role)}`, {
      hint: 'Take it away, or run it again in a clone of the project.',
    });
  }
}
