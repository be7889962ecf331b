/** A version of a project as it was published: a package of a registry, or a file that `npm pack` wrote. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import { copyPackages } from './copy-packages.ts';
import { isInstalledByManifests } from './installed-packages.ts';

export interface RegistryPackage {
  readonly name: string;
  /** A version, or a tag of the registry's: `latest`. */
  readonly version: string;
}

/** A whole version: what is immutable in a registry. */
export const versionPattern = /^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;
const namePattern = /^(?:@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/i;
const wordPattern = /^\w[\w.+-]{0,99}$/;
/** Of what npm printed: its last error. */
const saidCharactersMax = 2_000;
/** A registry that does not answer is given up. */
const fetchTimeoutMs = 10 * 60_000;

const manifest = v.object({
  name: v.optional(v.string()),
  private: v.optional(v.boolean()),
  dependencies: v.optional(v.record(v.string(), v.string())),
  optionalDependencies: v.optional(v.record(v.string(), v.string())),
});

/**
 * @param text `1.2.0`, `latest`, or `shop@1.2.0`; without a name the project's own package
 * @throws FloodgateError `version-unknown`
 */
export function packageOf(folder: string, text: string): RegistryPackage {
  const at = text.lastIndexOf('@');
  const version = text.slice(at + 1);
  if (!wordPattern.test(version))
    throw unknown(`"npm:${text}" names no version`, 'Examples: npm:1.2.0, npm:latest, npm:shop@1.2.0.');
  const name = at > 0 ? text.slice(0, at) : ownName(folder, version);
  if (!namePattern.test(name)) throw unknown(`"${name}" is no name of a package`, 'Example: npm:shop@1.2.0.');
  return { name, version };
}

/** Its own code is asked of a registry by name only where it is published: a stranger may have taken the name. */
function ownName(folder: string, version: string): string {
  const own = manifestIn(folder);
  const hint = `Name the package: npm:NAME@${version}. Or name a commit, a folder, or a package file (.tgz).`;
  if (own?.name === undefined) throw unknown(`${folder} has no package.json with a name`, hint);
  if (own.private) throw unknown(`${own.name} is private: no registry has version ${version} of it`, hint);
  return own.name;
}

/** The version that a tag names now. @throws FloodgateError `version-unknown` */
export async function behindTag({ name, version }: RegistryPackage, folder: string): Promise<RegistryPackage> {
  const { code, out, said } = await npm(['view', `${name}@${version}`, 'version', '--json'], folder);
  const answer = code === 0 ? jsonIn(out) : undefined;
  if (typeof answer === 'string' && versionPattern.test(answer)) return { name, version: answer };
  throw unknown(
    `the registry has no one version behind ${name}@${version}`,
    said || 'Name a whole version: npm:1.2.0.',
  );
}

/** Fetches the package's file with npm, and its settings in the project. @returns the file. @throws FloodgateError */
async function fetched({ name, version }: RegistryPackage, folder: string, to: string): Promise<string> {
  const words = ['pack', `${name}@${version}`, '--json', '--ignore-scripts', '--pack-destination', to];
  const { code, out, said } = await npm(words, folder);
  const answer = code === 0 ? v.safeParse(answerSchema, jsonIn(out)) : undefined;
  if (answer?.success) return path.join(to, path.basename(answer.output));
  throw unknown(`${name}@${version} could not be fetched`, said || `npm pack ended with ${code ?? 'a signal'}`);
}

const packedSchema = v.object({ filename: v.string() });
/** A list of packages, or from npm 12 on an object by name. */
const answerSchema = v.pipe(
  v.union([v.pipe(v.array(packedSchema), v.minLength(1)), v.record(v.string(), packedSchema)]),
  v.transform((packages) => Object.values(packages)[0]?.filename),
  v.string(),
);

/** Puts a package's files into `to`. @throws FloodgateError `version-unknown` */
export async function fetchPackage(named: RegistryPackage, folder: string, to: string): Promise<void> {
  const place = mkdtempSync(path.join(tmpdir(), 'floodgate-package-'));
  try {
    unpack(await fetched(named, folder, place), to);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** tar(1) writes nothing outside of its folder. @throws FloodgateError `version-unknown` for what is no package */
export function unpack(file: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const words = ['-xzf', file, '-C', to, '--strip-components=1', '--no-same-owner', '--no-same-permissions'];
  const { status, stderr, error } = spawnSync('tar', words, { encoding: 'utf8' });
  const why = error?.message ?? stderr.trim().split('\n')[0];
  if (status !== 0) throw unknown(`${file} cannot be unpacked`, why || 'tar failed.');
  if (manifestIn(to) === undefined)
    throw unknown(`${file} is no package: it has no package.json`, 'A package is what "npm pack" writes.');
}

/**
 * Commands that install what the package needs. Where the working folder has the same dependencies installed, those are copied: what
 * differs then is the project's own code.
 */
export function packageCommands(folder: string, working: string): string[] {
  const [published, own] = [manifestIn(folder), manifestIn(working)];
  const needs = (of: v.InferOutput<typeof manifest> | undefined) => ({
    ...of?.dependencies,
    ...of?.optionalDependencies,
  });
  if (Object.keys(needs(published)).length === 0) return [];
  const isSame = own && isDeepStrictEqual(needs(published), needs(own)) && isInstalledByManifests(folder, working);
  if (isSame && copyPackages(folder, working)) return [];
  const settings = path.join(working, '.npmrc');
  if (existsSync(settings) && !existsSync(path.join(folder, '.npmrc')))
    copyFileSync(settings, path.join(folder, '.npmrc'));
  const isLocked = existsSync(path.join(folder, 'npm-shrinkwrap.json'));
  // Scripts of the package itself are for its checkout; those of its dependencies may build them.
  const install = `npm ${isLocked ? 'ci' : 'install --no-package-lock'} --omit=dev --ignore-scripts --no-audit --no-fund`;
  return [install, 'npm rebuild'];
}

function manifestIn(folder: string): v.InferOutput<typeof manifest> | undefined {
  const file = path.join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  const checked = v.safeParse(manifest, jsonIn(readFileSync(file, 'utf8')));
  return checked.success ? checked.output : undefined;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function npm(words: readonly string[], folder: string): Promise<{ code: number | null; out: string; said: string }> {
  return new Promise((resolve) => {
    // Under `npm run --silent` a child of npm's would not say why it failed.
    const child = spawn('npm', [...words, '--loglevel=error'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: fetchTimeoutMs,
    });
    let [out, said] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      out += piece;
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      said = (said + piece).slice(-saidCharactersMax);
    });
    child.on('error', (error) => resolve({ code: 127, out: '', said: error.message }));
    child.on('close', (code) => resolve({ code, out, said: said.trim() }));
  });
}

function unknown(message: string, hint: string): FloodgateError {
  return new FloodgateError('version-unknown', message, { hint });
}
