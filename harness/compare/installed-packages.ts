/** Whether the packages of a working folder are those that a version asks for: by its lock file, or by its manifests. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { jsonIn, manifestIn, memberFolders, needsOf, packagesName } from './project-manifest.ts';
import { isInRange } from './version-range.ts';
import { isWithin } from './within.ts';

/** @param root of the version. @param there the same folder in the working folder. @param lock its name */
export function isInstalledByLock(root: string, there: string, lock: string): boolean {
  try {
    if (lock === 'pnpm-lock.yaml') return isPnpmInstalled(root, there);
    if (lock === 'yarn.lock') return isYarnInstalled(root, there);
    return isNpmInstalled(path.join(root, lock), there);
  } catch {
    // A lock file that cannot be read says nothing of what is installed.
    return false;
  }
}

type Locked = Readonly<Record<string, Entry>>;
type Entry = Readonly<Record<string, unknown>>;

/** What npm wrote when it installed, beside the lock file; each package's own version as well, since others may have written there. */
function isNpmInstalled(lockFile: string, there: string): boolean {
  const asked = npmPackages(lockFile);
  if (!asked) return false;
  // npm before 7 wrote none.
  const installed = npmPackages(path.join(there, packagesName, '.package-lock.json')) ?? foundOf(asked, there);
  const isSame = Object.entries(installed).every(([place, { version, integrity, link }]) => {
    const of = asked[place];
    if (!of || (of.link ?? false) !== (link ?? false)) return false;
    // What a workspace links to is the version's own code.
    if (link === true || !place.split('/').includes(packagesName)) return true;
    if (of.integrity !== undefined && integrity !== undefined && of.integrity !== integrity) return false;
    return of.version === version && manifestIn(path.join(there, place)).version === version;
  });
  const lacking = Object.entries(asked).filter(([place]) => place !== '' && !(place in installed));
  // `npm ci --omit=dev` leaves all of them out.
  const hasDevelopment = Object.values(installed).some(isDevelopment);
  return (
    isSame &&
    lacking.every(([place, of]) => isSpare(place, of, asked[''] ?? {}) || (isDevelopment(of) && !hasDevelopment))
  );
}

const isDevelopment = ({ dev, devOptional }: Entry): boolean => dev === true || devOptional === true;

/** Optional, and of another platform, or asked for by such a one. */
function isSpare(place: string, { optional, os, cpu }: Entry, root: Entry): boolean {
  const isElsewhere = (list: unknown, here: string) => Array.isArray(list) && !list.includes(here);
  if (isElsewhere(os, process.platform) || isElsewhere(cpu, process.arch)) return true;
  return optional === true && !Object.hasOwn(Object(root.optionalDependencies), place.replace(`${packagesName}/`, ''));
}

function npmPackages(file: string): Locked | undefined {
  const { packages, dependencies } = Object(jsonIn(file)) as { packages?: unknown; dependencies?: unknown };
  if (typeof packages === 'object' && packages !== null) return packages as Locked;
  return typeof dependencies === 'object' && dependencies !== null ? nestedPackages(dependencies, '') : undefined;
}

/** A lock file of npm before 7: packages within packages. */
function nestedPackages(of: object, above: string): Locked {
  const found: Record<string, Entry> = {};
  for (const [name, entry] of Object.entries(of) as [string, Entry][]) {
    const place = `${above}${packagesName}/${name}`;
    found[place] = entry;
    Object.assign(found, nestedPackages(Object(entry.dependencies), `${place}/`));
  }
  return found;
}

/** What lies where the lock file has it. */
function foundOf(asked: Locked, there: string): Locked {
  const found = Object.entries(asked).filter(
    ([place, { link }]) => link !== true && place !== '' && existsSync(path.join(there, place, 'package.json')),
  );
  return Object.fromEntries(
    found.map(([place, entry]) => [place, { ...entry, version: manifestIn(path.join(there, place)).version }]),
  );
}

/** pnpm keeps the lock file that it installed by. */
function isPnpmInstalled(root: string, there: string): boolean {
  const [asked, installed] = [
    path.join(root, 'pnpm-lock.yaml'),
    path.join(there, packagesName, '.pnpm', 'lock.yaml'),
  ].map((file) => readFileSync(file, 'utf8')) as [string, string];
  if (asked === installed) return true;
  const state = Object(parse(readFileSync(path.join(there, packagesName, '.modules.yaml'), 'utf8')));
  const skipped = new Set<string>(state.skipped ?? []);
  // Those of other platforms are in the one and not in the other.
  const without = (text: string) => {
    const { settings: _settings, packages, snapshots, ...more } = Object(parse(text));
    const kept = (list: unknown) => Object.entries(Object(list)).filter(([name]) => !skipped.has(name));
    return { ...more, packages: Object.fromEntries(kept(packages)), snapshots: Object.fromEntries(kept(snapshots)) };
  };
  return isDeepStrictEqual(without(asked), without(installed));
}

const yarnEntry = /^(\S.*):\n(?: {2}version:? "?([^"\n]+)"?\n)/gm;

/** Yarn installed something, and the version that the lock file names of each package that a manifest asks for. */
function isYarnInstalled(root: string, there: string): boolean {
  const marks = ['.yarn-integrity', '.yarn-state.yml'];
  if (!marks.some((name) => existsSync(path.join(there, packagesName, name)))) return false;
  const locked = new Map<string, string>();
  for (const [, names = '', version = ''] of readFileSync(path.join(root, 'yarn.lock'), 'utf8').matchAll(yarnEntry))
    for (const name of names.split(',')) locked.set(name.trim().replaceAll('"', ''), version);
  return isEachInstalled(root, there, (version, name, asked) => {
    const named = locked.get(`${name}@${asked}`) ?? locked.get(`${name}@npm:${asked}`);
    return named !== undefined && named === version;
  });
}

/** Without a lock file: each package that a manifest of the version asks for is there, in a version that it asks for. */
export function isInstalledByManifests(root: string, there: string): boolean {
  return isEachInstalled(root, there, (version, _name, asked) => isInRange(version, asked) === true);
}

function isEachInstalled(
  root: string,
  there: string,
  isRight: (version: string, name: string, asked: string) => boolean,
): boolean {
  return memberFolders(root).every((member) => {
    const { run, more } = needsOf(member);
    const at = path.resolve(there, path.relative(root, member));
    const isThere = (name: string, asked: unknown) => {
      const found = foundPackage(at, name, there);
      if (found === undefined) return Object.hasOwn(more, name) && !Object.hasOwn(run, name);
      if (isOwnCode(found, there)) return existsSync(path.join(root, path.relative(realpathSync(there), found)));
      return isRight(String(manifestIn(found).version), name, String(asked));
    };
    return Object.entries({ ...more, ...run }).every(([name, asked]) => isThere(name, asked));
  });
}

/** Where Node.js finds it from a folder, not above `top`; links are followed. */
export function foundPackage(folder: string, name: string, top: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    const place = path.join(at, packagesName, name);
    if (existsSync(place)) return realpathSync(place);
    if (at === top || at === path.dirname(at)) return undefined;
  }
}

/** A member of the workspace, or a folder of the project: not what was installed from elsewhere. */
export const isOwnCode = (place: string, top: string): boolean => {
  const folder = realpathSync(top);
  return isWithin(place, folder) && !path.relative(folder, place).split(path.sep).includes(packagesName);
};

/** What is installed, in words that are the same on every machine that installed the same. */
export function installedWords(there: string): string {
  const packages = npmPackages(path.join(there, packagesName, '.package-lock.json'));
  if (packages) {
    const kept = Object.entries(packages).filter(([, of]) => of.optional !== true && of.link !== true);
    return kept.map(([place, { version, integrity }]) => `${place} ${version} ${integrity}`).join('\n');
  }
  const words = memberFolders(there).flatMap((member) => {
    const { run, more } = needsOf(member);
    return Object.keys({ ...run, ...more }).map((name) => {
      const found = foundPackage(member, name, there);
      return `${path.relative(there, member)} ${name} ${found && manifestIn(found).version}`;
    });
  });
  return words.join('\n');
}
