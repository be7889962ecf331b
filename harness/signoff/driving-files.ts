/**
 * Files of the working folder that drive what is signed off: programs that a load names, what they import, recordings, and what the scenarios
 * are written in. They are no files of the candidate, whichever version it is, so a bundle lists each with its digest. Their texts name them: a
 * rerun refuses another one of these. What texts do not name is in the list of the whole folder (`working-folder.ts`).
 */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { SignedInput } from '../../reports/signoff.ts';
import { gitOutput } from '../compare/git.ts';
import { commandWords } from '../compare/load-files.ts';
import type { Project } from '../project/find-config.ts';
import { drivingFilesMax, wordsOf } from './command-files.ts';

export type Role = NonNullable<SignedInput['role']>;

/** A larger file is a bundle or data: what it imports is not looked for. */
const scannedBytesMax = 1 << 20;

export type DrivenProject = Pick<Project, 'file' | 'folder' | 'config' | 'scenarios' | 'scenarioFiles'>;

/** @returns by absolute path, links followed; what a name means only to the program itself is not found */
export function drivingFiles(project: DrivenProject): Map<string, Role> {
  const { folder, scenarios, config } = project;
  const top = real(gitOutput(folder, ['rev-parse', '--show-toplevel']) ?? folder) ?? folder;
  const found = new Map<string, Role>();
  const take = (role: Role, file: string | undefined) => {
    if (file === undefined || found.has(file) || found.size >= drivingFilesMax) return;
    found.set(file, role);
    for (const imported of importsOf(file, folder)) take(role, imported);
  };
  for (const { capture, requests } of scenarios)
    for (const name of [capture, requests]) if (name !== undefined) found.set(path.resolve(folder, name), 'recording');
  for (const { load, profile, impair, agentArguments = [] } of scenarios) {
    for (const text of [load, profile, impair, ...agentArguments])
      for (const file of filesIn(text ?? '', folder, top)) take('load', file);
  }
  // A checkout is built by its own files: only what lies elsewhere is not in the candidate's list.
  for (const text of [config.build ?? []].flat()) {
    const elsewhere = commandWords(text).filter((word) => path.isAbsolute(word) || word.startsWith('..'));
    for (const word of elsewhere) for (const file of filesIn(word, folder, top)) take('build', file);
  }
  take('definition', real(project.file));
  for (const { name } of scenarios) {
    const file = project.scenarioFiles?.get(name);
    if (file !== undefined) take('definition', real(path.resolve(folder, file)));
  }
  return found;
}

/** Files that a command names, in the folder that it is run in or one that it goes to. Programs of the machine are none of the project's. */
function filesIn(command: string, folder: string, top: string): string[] {
  const words = wordsOf(command);
  const isOfProject = (file: string) => file.startsWith(`${top}${path.sep}`) || isText(file);
  const folders = words
    .map((word) => path.resolve(folder, word))
    .filter((each) => each.startsWith(`${top}${path.sep}`) && statSync(each, { throwIfNoEntry: false })?.isDirectory());
  // `node load` is load.js; `npm run load` is not.
  const isOfNode = words.some((word) => /(?:^|\/)(?:node|tsx|ts-node|deno|bun)$/.test(word));
  const first = words.find((word) => !/^[A-Z_][A-Z0-9_]*$/.test(word));
  const named = words.flatMap((word) =>
    [folder, ...folders].flatMap((from) => {
      const place = path.resolve(from, word);
      const file = isOfNode ? moduleAt(place) : real(place);
      const isProgram = word === first && path.isAbsolute(word);
      return file === undefined || (isProgram && !file.startsWith(`${top}${path.sep}`)) || !isOfProject(file)
        ? []
        : [file];
    }),
  );
  return [...named, ...scriptFiles(words, folder, top)];
}

/** `npm run load` runs what package.json says. */
function scriptFiles(words: readonly string[], folder: string, top: string): string[] {
  const at = words.findIndex((word) => /^(npm|pnpm|yarn|bun)$/.test(word));
  if (at < 0) return [];
  const file = real(path.join(folder, 'package.json'));
  if (file === undefined) return [];
  const scripts = scriptsIn(file);
  const called = words.slice(at + 1).filter((word) => Object.hasOwn(scripts, word));
  const texts = called.map((name) => scripts[name]).filter((text) => typeof text === 'string');
  const isAgain = (text: string) => /\b(npm|pnpm|yarn|bun)\b/.test(text);
  return [file, ...texts.flatMap((text) => (isAgain(text) ? [] : filesIn(text, folder, top)))];
}

function scriptsIn(file: string): Readonly<Record<string, unknown>> {
  try {
    const { scripts } = JSON.parse(readFileSync(file, 'utf8')) as { scripts?: unknown };
    return typeof scripts === 'object' && scripts !== null ? (scripts as Record<string, unknown>) : {};
  } catch {
    // Whatever runs it says so.
    return {};
  }
}

const quoted =
  /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*|\bnew\s+(?:URL|Worker)\s*\(\s*)(['"`])(\.{1,2}\/[^'"`\n]{1,300})\1/g;
const readByName = /\b(?:readFile|readFileSync|createReadStream|open)\s*\(\s*(['"`])([^'"`\n]{1,300})\1/g;
const started = /(?:^|[\s;&|(])(?:node|sh|bash|python3?|source|\.|run)\s+(['"]?)([\w./-]{1,300})\1(?=[\s;&|)]|$)/gm;
const ofPython = /^\s*(?:from|import)\s+(\w{1,100})/gm;

/** What the text of a program names: modules beside it, and files that it reads or starts. */
function importsOf(file: string, folder: string): string[] {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat || stat.size > scannedBytesMax || file.split(path.sep).includes('node_modules')) return [];
  const text = readFileSync(file, 'utf8');
  const beside = path.dirname(file);
  const names = (pattern: RegExp, group: number) => [...text.matchAll(pattern)].map((match) => match[group]!);
  const isPython = file.endsWith('.py');
  const isScript = /\.(sh|bash)$/.test(file) || /^#!.*\b(ba|da|z)?sh\b/.test(text);
  return [
    ...names(quoted, 2).map((name) => path.resolve(beside, name)),
    ...names(readByName, 2).map((name) => path.resolve(folder, name)),
    ...(isPython ? names(ofPython, 1).map((name) => path.resolve(beside, `${name}.py`)) : []),
    ...(isScript ? names(started, 2).map((name) => path.resolve(folder, name)) : []),
  ].flatMap((each) => moduleAt(each) ?? []);
}

/** As Node.js looks for one that is named without its ending. */
const endings = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.json', '/index.js', '/index.mjs', '/index.ts'];

function moduleAt(place: string): string | undefined {
  for (const ending of endings) {
    const file = real(`${place}${ending}`);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** Where a plain file lies; undefined for a folder, a pipe, or what is not there. */
function real(place: string): string | undefined {
  try {
    const stat = statSync(place);
    return stat.isFile() ? realpathSync(place) : undefined;
  } catch {
    // A word that is no file.
    return undefined;
  }
}

/** A program of the machine has bytes that no text has. */
function isText(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && stat.size <= scannedBytesMax && !readFileSync(file).subarray(0, 8192).includes(0);
}
