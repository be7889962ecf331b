/**
 * The versions that are compared: each is checked out and built once, kept by commit, and moved to one and the same path
 * whenever it runs, since a longer path alone moves a heap by a per cent.
 *
 * Everything lies in `.floodgate/compare` of the project: `checkout` is that path, `versions/KEY` are the parked ones.
 */
import { createHash } from 'node:crypto';
import {
  constants,
  cpSync,
  existsSync,
  lstatSync,
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
import { buildCommands, runBuild } from './build-version.ts';
import { commitOf, git, gitOutput } from './git.ts';

/** A version with its dependencies is some hundred MB; the ones used longest ago are removed. */
const versionsMax = 8;

export interface Version {
  /** As given: `main`, `.`, `v1.2.0`. */
  readonly label: string;
  /** Full commit, or undefined for a folder that is none. */
  readonly commit: string | undefined;
  /** True where uncommitted changes are in it. */
  readonly dirty: boolean;
  readonly key: string;
}

export interface StoreOptions {
  /** The project's folder: where its configuration is. */
  readonly folder: string;
  /** Commands of the configuration; undefined: by the lock file that is there. */
  readonly build: readonly string[] | undefined;
  readonly onStep: (text: string) => void;
  /** Leaves a text about the source, as it was before it was built, beside each version. @default none */
  readonly describeSource?: (folder: string) => string;
}

export class VersionStore {
  readonly #options: StoreOptions;
  readonly #root: string;
  readonly #checkout: string;
  /** Where the active version's project folder is. */
  readonly projectFolder: string;
  #active: Version | undefined;

  /** @throws FloodgateError `compare-busy` where another comparison of this project runs */
  constructor(options: StoreOptions) {
    this.#options = options;
    this.#root = path.join(options.folder, '.floodgate', 'compare');
    this.#checkout = path.join(this.#root, 'checkout');
    this.projectFolder = path.join(this.#checkout, prefixOf(options.folder));
    mkdirSync(path.join(this.#root, 'versions'), { recursive: true, mode: 0o700 });
    const ignore = path.join(options.folder, '.floodgate', '.gitignore');
    if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
    this.#lock();
    this.#recover();
  }

  /** Checks out and builds what is not there yet. @throws FloodgateError `version-unknown`, `build-failed` */
  async prepare(label: string): Promise<Version> {
    const version = resolveVersion(this.#options.folder, label, this.#options.build);
    const parked = this.#parked(version);
    const { describeSource } = this.#options;
    const isDescribed = !describeSource || existsSync(path.join(parked, sourceMark));
    if (isDescribed && existsSync(path.join(parked, builtMark))) {
      utimesSync(parked, new Date(), new Date());
      return version;
    }
    rmSync(parked, { recursive: true, force: true });
    this.park();
    rmSync(this.#checkout, { recursive: true, force: true });
    this.#options.onStep(`${label}: checking out ${version.commit?.slice(0, 10) ?? 'the folder'}`);
    copySource(this.#options.folder, version, this.#checkout);
    const description = describeSource?.(this.#checkout);
    const commands = this.#options.build ?? buildCommands(this.projectFolder, this.#options.folder);
    await runBuild(commands, this.projectFolder, label, this.#options.onStep);
    if (description !== undefined) writeFileSync(path.join(this.#checkout, sourceMark), description);
    writeFileSync(path.join(this.#checkout, builtMark), `${JSON.stringify(version)}\n`);
    renameSync(this.#checkout, parked);
    this.#prune(version);
    return version;
  }

  /** What `describeSource` said of a prepared version; undefined where it was not asked. */
  sourceOf(version: Version): string | undefined {
    const folder = this.#active?.key === version.key ? this.#checkout : this.#parked(version);
    const file = path.join(folder, sourceMark);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  /** Moves a prepared version to the path where versions run. */
  activate(version: Version): void {
    if (this.#active?.key === version.key) return;
    this.park();
    renameSync(this.#parked(version), this.#checkout);
    this.#active = version;
  }

  /** Moves the active version back; safe to call at any time. */
  park(): void {
    if (this.#active === undefined) return;
    renameSync(this.#checkout, this.#parked(this.#active));
    this.#active = undefined;
  }

  /** Parks the active version and gives the store up for others. */
  close(): void {
    this.park();
    rmSync(path.join(this.#root, lockName), { force: true });
  }

  #parked(version: Version): string {
    return path.join(this.#root, 'versions', version.key);
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
    if (!existsSync(this.#checkout)) return;
    const mark = path.join(this.#checkout, builtMark);
    const version = existsSync(mark) ? (JSON.parse(readFileSync(mark, 'utf8')) as Version) : undefined;
    const parked = version && this.#parked(version);
    if (parked && /^[a-z0-9-]+$/.test(version.key) && !existsSync(parked)) renameSync(this.#checkout, parked);
    else rmSync(this.#checkout, { recursive: true, force: true });
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

const builtMark = '.floodgate-built';
const sourceMark = '.floodgate-sources';
const lockName = 'lock';

/** What a label means in this project. @throws FloodgateError `version-unknown` */
function resolveVersion(folder: string, label: string, build: readonly string[] | undefined): Version {
  const keyOf = (...parts: string[]) =>
    createHash('sha256')
      .update([...parts, ...(build ?? [])].join('\0'))
      .digest('hex')
      .slice(0, 16);
  const isFolder = label === '.' || label.startsWith('./') || label.startsWith('../') || path.isAbsolute(label);
  if (!isFolder) {
    const commit = commitOf(folder, label);
    if (commit !== undefined) return { label, commit, dirty: false, key: keyOf('commit', commit) };
    throw new FloodgateError('version-unknown', `"${label}" is no commit, branch or tag of this repository`, {
      hint: 'A shallow clone has few: in CI fetch the base (actions/checkout with fetch-depth: 0). A folder begins with "./".',
    });
  }
  const source = path.resolve(folder, label);
  if (!existsSync(source)) {
    throw new FloodgateError('version-unknown', `${source} does not exist`, {
      hint: 'Name a folder, or a commit, branch or tag.',
    });
  }
  const commit = source === folder ? commitOf(folder, 'HEAD') : undefined;
  const isChanged =
    commit !== undefined &&
    (gitOutput(folder, ['status', '--porcelain=v1', '-uno', '-z']) !== '' ||
      repositoryFiles(folder, ['-o']).length > 0);
  if (commit !== undefined && !isChanged) return { label, commit, dirty: false, key: keyOf('commit', commit) };
  return {
    label,
    commit,
    dirty: commit !== undefined,
    key: keyOf('folder', source, stateOf(source, commit !== undefined)),
  };
}

/** Names, sizes and times of all files: what changes when a file does. */
function stateOf(folder: string, isRepository: boolean): string {
  const hash = createHash('sha256');
  const top = isRepository ? topOf(folder) : folder;
  for (const name of isRepository ? repositoryFiles(folder, ['-co']) : filesBelow(folder)) {
    const stat = statSync(path.join(top, name), { throwIfNoEntry: false });
    hash.update(`${name}\0${stat?.size}\0${stat?.mtimeMs}\0`);
  }
  return hash.digest('hex');
}

/** What floodgate itself writes below a project is no change of it. */
const ours = ['.floodgate', 'runs'];

/** What lies at any depth, but for what is installed: that counts as a whole. */
function filesBelow(folder: string): string[] {
  const names: string[] = [];
  const open = folderFiles(folder);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    names.push(name);
    const file = path.join(folder, name);
    if (path.basename(name) === 'node_modules' || !lstatSync(file).isDirectory()) continue;
    for (const each of readdirSync(file)) open.push(path.join(name, each));
  }
  return names.sort();
}

/** Everything but version control and what is ours. */
function folderFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== '.git' && !ours.includes(name));
}

/** Files of the whole repository, which a project in a folder of it may use, relative to its top. */
function repositoryFiles(folder: string, words: readonly string[]): string[] {
  const top = topOf(folder);
  const prefix = path.relative(top, folder);
  const excluded = ours.map((name) => `--exclude=/${path.posix.join(prefix, name)}/`);
  const list = git(top, ['ls-files', ...words, '--exclude-standard', ...excluded, '-z']);
  return list.split('\0').filter((name) => name !== '');
}

/** The project's folder within its repository; empty where it is the top. */
function prefixOf(folder: string): string {
  return gitOutput(folder, ['rev-parse', '--show-prefix'])?.replace(/\/$/, '') ?? '';
}

function topOf(folder: string): string {
  return git(folder, ['rev-parse', '--show-toplevel']);
}

function copySource(folder: string, version: Version, to: string): void {
  if (version.commit === undefined) {
    const source = path.resolve(folder, version.label);
    mkdirSync(to, { recursive: true, mode: 0o700 });
    for (const name of folderFiles(source)) copy(path.join(source, name), path.join(to, name));
    return;
  }
  const repository = topOf(folder);
  git(folder, ['clone', '--quiet', '--shared', '--no-checkout', '--', repository, to]);
  git(to, ['checkout', '--quiet', '--detach', version.commit]);
  if (!version.dirty) return;
  for (const name of git(to, ['ls-files', '-z']).split('\0')) {
    if (name !== '' && !existsSync(path.join(repository, name))) rmSync(path.join(to, name), { force: true });
  }
  for (const name of repositoryFiles(folder, ['-co'])) {
    const source = path.join(repository, name);
    if (existsSync(source)) copy(source, path.join(to, name));
  }
}

function copy(from: string, to: string): void {
  // A link over a link that leads nowhere aborts Node.js.
  rmSync(to, { recursive: true, force: true });
  // Links stay links: what they point to may be outside.
  cpSync(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    preserveTimestamps: true,
    mode: constants.COPYFILE_FICLONE,
  });
}
