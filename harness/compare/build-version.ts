/** Makes a checked-out version ready to run: by the project's own commands, or by what its lock file asks for. */
import { spawn } from 'node:child_process';
import { constants, cpSync, existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { FloodgateError } from '../../agent/errors.ts';

/** A build that hangs is ended: longer ones than this are not run on every pull request. */
const buildTimeoutMs = 30 * 60_000;
/** The end of what a failed build printed; enough for its last error. */
const outputCharactersKept = 4_000;

const installers: readonly { readonly lock: string; readonly command: string }[] = [
  { lock: 'package-lock.json', command: 'npm ci --no-audit --no-fund' },
  { lock: 'npm-shrinkwrap.json', command: 'npm ci --no-audit --no-fund' },
  { lock: 'pnpm-lock.yaml', command: 'pnpm install --frozen-lockfile' },
  { lock: 'yarn.lock', command: 'yarn install --frozen-lockfile' },
];

/** Where there is no lock file, and the packages of the working folder are not those that the version asks for. */
const unlockedInstall = 'npm install --no-package-lock --no-audit --no-fund';

/**
 * Without commands in the configuration: dependencies by the lock file, then `npm run build` where there is such a script. Where
 * the working folder has the same lock file and its packages installed, those are copied instead of installed again.
 * @param top of the repository: a workspace has its lock file there
 */
export function buildCommands(folder: string, working: string, top = folder): string[] {
  const commands = installCommands(folder, working, top);
  if (typeof manifestIn(folder).scripts?.build === 'string') commands.push('npm run build');
  return commands;
}

function installCommands(folder: string, working: string, top: string): string[] {
  const root = lockFolder(folder, top);
  // A folder that was copied has brought its own along.
  if (lstatSync(path.join(root, packagesName), { throwIfNoEntry: false })) return [];
  const there = path.resolve(working, path.relative(folder, root));
  const installer = installerOf(root);
  const isSameNeeds = installer
    ? isSame(root, there, installer.lock)
    : isDeepStrictEqual(needsOf(root), needsOf(there));
  if (isSameNeeds && copyPackages(root, there)) {
    // What a member of a workspace has of its own.
    if (root !== folder) copyPackages(folder, working);
    return [];
  }
  const place = path.relative(folder, root);
  if (installer) return [place === '' ? installer.command : `cd ${place} && ${installer.command}`];
  return !isSameNeeds && existsSync(path.join(there, packagesName)) ? [unlockedInstall] : [];
}

const packagesName = 'node_modules';
const installerOf = (folder: string) => installers.find(({ lock }) => existsSync(path.join(folder, lock)));

/** The nearest one upwards that has a lock file; the folder itself where none has. */
function lockFolder(folder: string, top: string): string {
  for (let at = folder; ; at = path.dirname(at)) {
    if (installerOf(at)) return at;
    if (at === top || at === path.dirname(at)) return folder;
  }
}

function isSame(folder: string, working: string, name: string): boolean {
  const [here, there] = [path.join(folder, name), path.join(working, name)];
  return existsSync(here) && existsSync(there) && readFileSync(here, 'utf8') === readFileSync(there, 'utf8');
}

/** @returns false where the working folder has no packages installed */
export function copyPackages(folder: string, working: string): boolean {
  const from = path.join(working, packagesName);
  if (!existsSync(from)) return false;
  // It may be a link to those of another checkout.
  cpSync(realpathSync(from), path.join(folder, packagesName), {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  });
  return true;
}

/** npm runs them in a checkout while it installs and builds it. */
const builtBy = ['preinstall', 'install', 'postinstall', 'prepare', 'prebuild', 'build', 'postbuild'] as const;

/** What makes a checkout ready to run where the configuration has no commands: its installer, and scripts of its own. */
export function describedBuild(folder: string, top: string): string[] {
  const scripts: Readonly<Record<string, unknown>> = Object(manifestIn(folder).scripts);
  const { command } = installerOf(lockFolder(folder, top)) ?? {};
  return [
    ...(command === undefined ? [] : [command]),
    ...builtBy.flatMap((name) => (typeof scripts[name] === 'string' ? [`${name}: ${scripts[name]}`] : [])),
  ];
}

interface Manifest {
  readonly scripts?: { readonly build?: unknown };
  readonly [name: string]: unknown;
}

/** Empty where there is none. */
function manifestIn(folder: string): Manifest {
  try {
    const value: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Manifest) : {};
  } catch {
    return {};
  }
}

/** What it asks to be installed. */
function needsOf(folder: string): Record<string, unknown> {
  const { dependencies, devDependencies, optionalDependencies } = manifestIn(folder);
  return { ...Object(dependencies), ...Object(devDependencies), ...Object(optionalDependencies) };
}

/** @throws FloodgateError `build-failed` with the end of what it printed */
export async function runBuild(
  commands: readonly string[],
  folder: string,
  label: string,
  {
    onStep,
    env = process.env,
  }: { readonly onStep: (text: string) => void; readonly env?: NodeJS.ProcessEnv | undefined },
): Promise<void> {
  for (const command of commands) {
    onStep(`${label}: ${command}`);
    const { code, output } = await shell(command, folder, env);
    if (code === 0) continue;
    throw new FloodgateError(
      'build-failed',
      `${label} cannot be built: "${command}" ended with ${code ?? 'a signal'}`,
      {
        hint: `${output.trimEnd()}\n\nSet the commands in the configuration: build: ['npm ci', 'npm run build'].`,
      },
    );
  }
}

function shell(
  command: string,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, {
      cwd: folder,
      env,
      shell: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: buildTimeoutMs,
    });
    let output = '';
    const keep = (piece: string) => {
      output = (output + piece).slice(-outputCharactersKept);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}
