/**
 * The versions that are compared: each is checked out and built once, kept by commit, and moved to one and the same path
 * whenever it runs, since a longer path alone moves a heap by a per cent.
 *
 * Everything lies in `.floodgate/compare` of the project: `checkout` is that path, `versions/KEY` are the parked ones.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { hideFromGit } from '../project/own-folder.ts';
import { buildCommands, describedBuild, runBuild } from './build-version.ts';
import { behindTag, fetchPackage, packageCommands, unpack, versionPattern } from './package-version.ts';
import { environmentOf, type Runtime, runtimeIn } from './pinned-runtime.ts';
import { copyCommit, copyFolder, prefixOf } from './version-files.ts';
import {
  type Named,
  type NamingOptions,
  type Origin,
  ofRegistry,
  resolveVersion,
  type Version,
} from './version-label.ts';

/** A version with its dependencies is some hundred MB; the ones used longest ago are removed. */
const versionsMax = 8;

export interface StoreOptions {
  /** The project's folder: where its configuration is. */
  readonly folder: string;
  /** Of the configuration: a command, or several; undefined: by the lock file that is there. */
  readonly build: string | readonly string[] | undefined;
  readonly onStep: (text: string) => void;
  /** Leaves a text about the source, as it was before it was built, beside each version. @default none */
  readonly describeSource?: (folder: string) => string;
}

export class VersionStore {
  readonly #options: StoreOptions;
  readonly #build: readonly string[] | undefined;
  readonly #root: string;
  /** The repository's top of the active version. */
  readonly checkout: string;
  /** Of the project within its repository. */
  readonly prefix: string;
  /** Where the active version's project folder is. */
  readonly projectFolder: string;
  readonly #runtimes = new Map<string, Runtime>();
  #active: Version | undefined;

  /** @throws FloodgateError `compare-busy` where another comparison of this project runs */
  constructor(options: StoreOptions) {
    this.#options = options;
    this.#build = options.build === undefined ? undefined : [options.build].flat();
    this.#root = path.join(options.folder, '.floodgate', 'compare');
    this.checkout = path.join(this.#root, 'checkout');
    this.prefix = prefixOf(options.folder);
    this.projectFolder = path.join(this.checkout, this.prefix);
    mkdirSync(path.join(this.#root, 'versions'), { recursive: true, mode: 0o700 });
    hideFromGit(path.join(options.folder, '.floodgate'));
    this.#lock();
    this.#recover();
  }

  /** Checks out and builds what is not there yet. @throws FloodgateError `version-unknown`, `build-failed` */
  async prepare(label: string): Promise<Version> {
    this.park();
    const { folder } = this.#options;
    const copiesSubmodules = this.#options.describeSource !== undefined;
    const options = { folder, build: this.#build, copiesSubmodules, isParked: (key: string) => this.#isBuilt(key) };
    const { version, origin } = await nameVersion(label, options);
    const parked = this.#parked(version);
    const isDescribed = !this.#options.describeSource || existsSync(path.join(parked, sourceMark));
    // What is nowhere else any more cannot be made again to be described.
    if ((isDescribed || origin.kind === 'parked') && this.#isBuilt(version.key)) {
      utimesSync(parked, new Date(), new Date());
      return version;
    }
    rmSync(parked, { recursive: true, force: true });
    rmSync(this.checkout, { recursive: true, force: true });
    await this.#make(version, origin);
    writeFileSync(path.join(this.checkout, builtMark), `${JSON.stringify(version)}\n`);
    renameSync(this.checkout, parked);
    this.#prune(version);
    return version;
  }

  /** Leaves a version in the checkout, ready to run. */
  async #make({ label, package: named }: Version, origin: Origin): Promise<void> {
    const { folder, onStep } = this.#options;
    switch (origin.kind) {
      case 'commit':
        onStep(`${label}: checking out ${origin.commit.slice(0, 10)}`);
        checkOut(label, () => copyCommit(folder, origin.commit, this.checkout, this.#moreOf(origin.withChanges)));
        break;
      case 'folder':
        onStep(`${label}: copying the folder`);
        copyFolder({ source: origin.folder, to: this.checkout, prefix: this.prefix, project: folder });
        break;
      case 'archive':
        onStep(`${label}: unpacking`);
        unpack(origin.file, this.projectFolder);
        break;
      case 'registry':
        onStep(`${label}: fetching ${named} from the registry`);
        await fetchPackage(origin.package, folder, this.projectFolder);
        break;
      case 'parked':
        break;
    }
    const isPackage = origin.kind === 'archive' || origin.kind === 'registry';
    const commands = isPackage
      ? packageCommands(this.projectFolder, folder)
      : (this.#build ?? buildCommands(this.projectFolder, folder, this.checkout));
    const description = this.#options.describeSource?.(isPackage ? this.projectFolder : this.checkout);
    const env = environmentOf(runtimeIn(this.projectFolder, this.checkout));
    await runBuild(commands, this.projectFolder, label, { onStep, env });
    if (description !== undefined) writeFileSync(path.join(this.checkout, sourceMark), description);
  }

  /** What is described is what one repository holds: submodules of a commit are refused there. */
  #moreOf(withChanges: boolean): 'changes' | 'submodules' | undefined {
    if (withChanges) return 'changes';
    return this.#options.describeSource === undefined ? 'submodules' : undefined;
  }

  /** What `describeSource` said of a prepared version; undefined where it was not asked. */
  sourceOf(version: Version): string | undefined {
    const file = path.join(this.folderOf(version), sourceMark);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  /** Where the project of a prepared version lies now: that of the active one is `projectFolder`. */
  projectFolderOf(version: Version): string {
    return path.join(this.folderOf(version), this.prefix);
  }

  /** Where a prepared version lies now. */
  folderOf(version: Version): string {
    return this.#active?.key === version.key ? this.checkout : this.#parked(version);
  }

  /** What made a prepared version ready to run, in words. */
  buildOf(version: Version): readonly string[] {
    if (version.package !== undefined) return ['as it was packed'];
    const folder = this.folderOf(version);
    return this.#build ?? describedBuild(path.join(folder, this.prefix), folder);
  }

  /** The Node.js that a prepared version asks for. */
  runtimeOf(version: Version): Runtime {
    const known = this.#runtimes.get(version.key);
    if (known) return known;
    const found = runtimeIn(this.projectFolderOf(version), this.folderOf(version));
    this.#runtimes.set(version.key, found);
    return found;
  }

  /** Moves a prepared version to the path where versions run. */
  activate(version: Version): void {
    if (this.#active?.key === version.key) return;
    this.park();
    renameSync(this.#parked(version), this.checkout);
    this.#active = version;
  }

  /** Moves the active version back; safe to call at any time. */
  park(): void {
    if (this.#active === undefined) return;
    renameSync(this.checkout, this.#parked(this.#active));
    this.#active = undefined;
  }

  /** Parks the active version and gives the store up for others. */
  close(): void {
    this.park();
    rmSync(path.join(this.#root, lockName), { force: true });
  }

  #parked({ key }: Pick<Version, 'key'>): string {
    return path.join(this.#root, 'versions', key);
  }

  #isBuilt(key: string): boolean {
    return existsSync(path.join(this.#parked({ key }), builtMark));
  }

  #lock(): void {
    const file = path.join(this.#root, lockName);
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
    } catch {
      const pid = Number(readFileSync(file, 'utf8'));
      if (pid > 0 && existsSync(`/proc/${pid}`) && pid !== process.pid) {
        throw new FloodgateError('compare-busy', `process ${pid} compares versions of this project already`, {
          hint: `Wait for it, or end it: kill ${pid}.`,
        });
      }
      writeFileSync(file, String(process.pid));
    }
  }

  /** After a kill: a checkout that was finished is parked again, any other is removed. */
  #recover(): void {
    if (!existsSync(this.checkout)) return;
    const mark = path.join(this.checkout, builtMark);
    const version = existsSync(mark) ? (JSON.parse(readFileSync(mark, 'utf8')) as Version) : undefined;
    const parked = version && this.#parked(version);
    if (parked && /^[a-z0-9-]+$/.test(version.key) && !existsSync(parked)) renameSync(this.checkout, parked);
    else rmSync(this.checkout, { recursive: true, force: true });
  }

  #prune(kept: Version): void {
    const folder = path.join(this.#root, 'versions');
    const byAge = readdirSync(folder)
      .filter((name) => name !== kept.key)
      .map((name) => ({ name, usedMs: statSync(path.join(folder, name)).mtimeMs }))
      .sort((a, b) => b.usedMs - a.usedMs);
    for (const { name } of byAge.slice(versionsMax - 1))
      rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}

/** git's own words do not say of which version. */
function checkOut(label: string, copy: () => void): void {
  try {
    copy();
  } catch (error) {
    if (!(error instanceof FloodgateError)) throw error;
    const { code, message, hint } = error;
    throw new FloodgateError(code, `${label}: ${message}`, { hint, cause: error });
  }
}

/** Nothing is checked out yet. @throws FloodgateError `version-unknown` where it names nothing, or nothing that can be run again */
export async function nameVersion(label: string, options: NamingOptions): Promise<Named> {
  return withoutTag(resolveVersion(label, options), options.folder);
}

/** What is behind a tag of a registry's is another version tomorrow. */
async function withoutTag(named: Named, folder: string): Promise<Named> {
  const { version, origin } = named;
  if (origin.kind !== 'registry' || versionPattern.test(origin.package.version)) return named;
  return ofRegistry(version.label, await behindTag(origin.package, folder), folder);
}

const builtMark = '.floodgate-built';
/** Versions whose list has no kinds of files are under another name, and are listed anew. */
const sourceMark = '.floodgate-source-list';
const lockName = 'lock';
