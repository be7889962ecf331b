/** Which Node.js a version asks for, and where it is installed on this machine: each version is built and run under its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { folderOfNode, nodesOn } from '../target/path-of-node.ts';

/** `22`, `22.11` or `22.11.0`, and the file that says so. */
export interface Pin {
  readonly version: string;
  readonly file: string;
}

export interface Runtime {
  /** Undefined where none is pinned: it runs under what is on the path. */
  readonly pin: Pin | undefined;
  /** Folder to put in front of the path; undefined where the path has it already, or it is not installed. */
  readonly folder: string | undefined;
  readonly isMissing: boolean;
  /** What the nearest file says that asks for one, and names no version: `lts/*`. */
  readonly unread?: Pin | undefined;
}

/** Set for a run whose path has the right one in front: a checkout is not the place to look for it. */
export const runtimeVariable = 'FLOODGATE_RUNTIME_CHOSEN';

export const noPin: Runtime = { pin: undefined, folder: undefined, isMissing: false };

const numbered = /^v?(\d+(?:\.\d+){0,2})$/;
const line = (text: string) => /^[^\S\n]*([^#\s]\S*)/m.exec(text)?.[1];

/** Names of releases stand for ever; `lts/*`, `node` and ranges (`>=20`) are another version next year, and pin none. */
const majors: Readonly<Record<string, string>> = {
  'lts/fermium': '14',
  'lts/gallium': '16',
  'lts/hydrogen': '18',
  'lts/iron': '20',
  'lts/jod': '22',
  'lts/krypton': '24',
};

const pinFiles: readonly { readonly file: string; readonly read: (text: string) => string | undefined }[] = [
  { file: '.nvmrc', read: line },
  { file: '.node-version', read: line },
  { file: '.tool-versions', read: (text) => /^nodejs[^\S\n]+(\S+)/m.exec(text)?.[1] },
  { file: 'package.json', read: ofManifest },
];

function ofManifest(text: string): string | undefined {
  try {
    const { volta, devEngines } = Object(JSON.parse(text)) as { volta?: object; devEngines?: { runtime?: unknown } };
    const runtimes = [devEngines?.runtime].flat() as { name?: unknown; version?: unknown }[];
    const own = runtimes.find((each) => each?.name === 'node')?.version;
    const version = (volta as { node?: unknown } | undefined)?.node ?? own;
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

/** From the project's folder up to the top of its repository: the nearest that pins one, and the nearest that says something else, unless that is behind it. */
export function askedIn(folder: string, top: string): Pick<Runtime, 'pin' | 'unread'> {
  let unread: Pin | undefined;
  for (let at = folder; ; at = path.dirname(at)) {
    for (const { file, read } of pinFiles) {
      const place = path.join(at, file);
      const text = existsSync(place) ? read(readFileSync(place, 'utf8')) : undefined;
      if (text === undefined) continue;
      const version = majors[text.toLowerCase()] ?? numbered.exec(text)?.[1];
      if (version !== undefined) return { pin: { version, file }, unread };
      unread ??= { version: text, file };
    }
    if (at === top || at === path.dirname(at)) return { pin: undefined, unread };
  }
}

/** What the version in a folder asks for, and where it is. @param top of its repository */
export function runtimeIn(folder: string, top: string): Runtime {
  const { pin, unread } = askedIn(folder, top);
  return { ...runtimeFor(pin), ...(unread && { unread }) };
}

/** Where managers of versions, and GitHub's runners, keep them. */
function installedFolders(env: NodeJS.ProcessEnv): string[] {
  const home = homedir();
  const { NVM_DIR, FNM_DIR, VOLTA_HOME, ASDF_DATA_DIR, MISE_DATA_DIR, NODENV_ROOT, N_PREFIX, RUNNER_TOOL_CACHE } = env;
  return [
    path.join(NVM_DIR ?? path.join(home, '.nvm'), 'versions/node/*/bin'),
    path.join(FNM_DIR ?? path.join(home, '.local/share/fnm'), 'node-versions/*/installation/bin'),
    path.join(VOLTA_HOME ?? path.join(home, '.volta'), 'tools/image/node/*/bin'),
    path.join(ASDF_DATA_DIR ?? path.join(home, '.asdf'), 'installs/nodejs/*/bin'),
    path.join(MISE_DATA_DIR ?? path.join(home, '.local/share/mise'), 'installs/node/*/bin'),
    path.join(NODENV_ROOT ?? path.join(home, '.nodenv'), 'versions/*/bin'),
    path.join(N_PREFIX ?? '/usr/local', 'n/versions/node/*/bin'),
    ...(RUNNER_TOOL_CACHE ? [path.join(RUNNER_TOOL_CACHE, 'node/*/*/bin')] : []),
    path.dirname(process.execPath),
  ];
}

/** @param env where the path and the folders of managers are named */
export function runtimeFor(pin: Pin | undefined, env: NodeJS.ProcessEnv = process.env): Runtime {
  if (pin === undefined) return noPin;
  const [first, ...others] = nodesOn(env.PATH ?? '');
  if (first !== undefined && isPinned(pin, versionOf(first, env))) return { pin, folder: undefined, isMissing: false };
  const behind = others.find((node) => isPinned(pin, versionOf(node, env)));
  // A folder of the system's would bring its other programs to the front as well.
  if (behind !== undefined) return { pin, folder: folderOfNode(behind), isMissing: false };
  const found = installedFolders(env)
    .flatMap((pattern) => globSync(pattern))
    .map((folder) => ({ folder, version: versionOf(path.join(folder, 'node'), env) }))
    .filter(({ version }) => isPinned(pin, version))
    .sort((a, b) => a.version.localeCompare(b.version, 'en', { numeric: true }));
  const folder = found.at(-1)?.folder;
  return { pin, folder, isMissing: folder === undefined };
}

const isPinned = ({ version }: Pin, found: string) => found === version || found.startsWith(`${version}.`);

/** Empty where it does not run. */
function versionOf(node: string, env: NodeJS.ProcessEnv): string {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8', env, timeout: 10_000 });
  return numbered.exec((stdout ?? '').trim())?.[1] ?? '';
}

/** The environment with that Node.js first on the path; undefined where nothing is to be changed. */
export function environmentOf({ folder }: Runtime): NodeJS.ProcessEnv | undefined {
  if (folder === undefined) return undefined;
  return { ...process.env, PATH: `${folder}${path.delimiter}${process.env.PATH ?? ''}` };
}

type Runtimes = Readonly<Record<'base' | 'head', Runtime>>;

const runsNode = /(?:^|[\s/])(?:node|nodejs|npm|npx|yarn|pnpm|tsx|ts-node)(?:\s|$)/;

/** @throws FloodgateError `runtime-missing` where two versions ask for different ones, and one is not here */
export function refuseOtherRuntime({ base, head }: Runtimes, command: string): void {
  if (base.pin?.version === head.pin?.version || !runsNode.test(command)) return;
  const [side, missing] = base.isMissing ? (['base', base] as const) : (['head', head] as const);
  if (!missing.isMissing) return;
  const { version, file } = missing.pin!;
  throw new FloodgateError('runtime-missing', `${side} asks for Node.js ${version} (${file}), which is not installed`, {
    hint: `The other version asks for ${(side === 'base' ? head : base).pin?.version ?? 'none'}: under one Node.js the figures of one of them would be another's. Install it (nvm install ${version}).`,
  });
}

/** Undefined where each runs under the one it asks for, and both under the same. */
export function runtimeDoubt({ base, head }: Runtimes): string | undefined {
  const [asked, also] = [base.pin, head.pin];
  if (asked?.version !== also?.version) {
    const words = (pin: Pin | undefined) => (pin ? `Node.js ${pin.version} (${pin.file})` : 'the Node.js on the path');
    return `base asks for ${words(asked)}, head for ${words(also)}: what a runtime allocates is in the change`;
  }
  return asked && base.isMissing
    ? `Node.js ${asked.version} (${asked.file}) is not installed: both versions run under the one on the path`
    : undefined;
}

/** What is asked for and cannot be followed. Undefined where all was. */
export function runtimeRemark({ base, head }: Runtimes): string | undefined {
  const unread = head.unread ?? base.unread;
  const instead = head.pin ? `Node.js ${head.pin.version} (${head.pin.file})` : 'the Node.js on the path';
  return unread && `${unread.file} says "${unread.version}", which names no version: it runs under ${instead}`;
}
