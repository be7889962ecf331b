/** Makes a checked-out version ready to run: by the project's own commands, or by what its lock file asks for. */
import { spawn } from 'node:child_process';
import { existsSync, lstatSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { ownRedactor } from '../target/plain-output.ts';
import { copyPackages } from './copy-packages.ts';
import { installedWords, isInstalledByLock, isInstalledByManifests } from './installed-packages.ts';
import { isWorkspaceRoot, manifestIn, memberFolders, needsOf, packagesName } from './project-manifest.ts';

/** A build that hangs is ended: longer ones than this are not run on every pull request. */
const buildTimeoutMs = 30 * 60_000;
/** The end of what a failed build printed; enough for its last error. */
const outputCharactersKept = 4_000;
/** Kept until secrets are taken out: what is cut before them is half of one. */
const outputCharactersRead = 8_000;

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
 * the packages that are installed in the working folder are those that the version asks for, they are copied instead of installed again.
 * @param top of the repository: a workspace has its lock file there
 */
export function buildCommands(folder: string, working: string, top = folder): string[] {
  const root = rootFolder(folder, top);
  // A folder that was copied has brought its own along.
  const hasPackages = lstatSync(path.join(root, packagesName), { throwIfNoEntry: false }) !== undefined;
  const install = hasPackages ? [] : installCommands(root, folder, path.resolve(working, path.relative(folder, root)));
  const place = path.relative(folder, root);
  const commands = install.map((command) => (place === '' ? command : `cd ${place} && ${command}`));
  return [...commands, ...ownBuild(folder)];
}

/** What they would be where nothing is installed: for a configuration that names its own. */
export function freshCommands(folder: string, top: string): string[] {
  const { command } = installerOf(rootFolder(folder, top)) ?? {};
  return [...(command === undefined ? [] : [command]), ...ownBuild(folder)];
}

const ownBuild = (folder: string): string[] =>
  typeof manifestIn(folder).scripts?.build === 'string' ? ['npm run build'] : [];

function installCommands(root: string, folder: string, there: string): string[] {
  const installer = installerOf(root);
  const isInstalled = isInstalledFor(root, there);
  if (isInstalled && copyPackages(root, there)) {
    // What it has of its own, where it is no member of a workspace.
    copyPackages(folder, path.resolve(there, path.relative(root, folder)));
    return [];
  }
  if (installer) return [installer.command];
  // Packages that only a build would need are missed by it where they are.
  const isAsked = ({ run, more }: ReturnType<typeof needsOf>) =>
    Object.keys(run).length > 0 || (Object.keys(more).length > 0 && existsSync(path.join(there, packagesName)));
  return memberFolders(root).some((member) => isAsked(needsOf(member))) ? [unlockedInstall] : [];
}

/** Whether the packages in a working folder are those that a version asks for. Both are the folders where packages are installed. */
export function isInstalledFor(root: string, there: string): boolean {
  const installer = installerOf(root);
  return installer ? isInstalledByLock(root, there, installer.lock) : isInstalledByManifests(root, there);
}

/** What decides which packages versions get, beside their own files: nothing where a lock file says all of them. */
export function installedState(working: string, top: string): string {
  const root = rootFolder(working, top);
  return installerOf(root) ? '' : installedWords(root);
}

const installerOf = (folder: string) => installers.find(({ lock }) => existsSync(path.join(folder, lock)));

/** Where packages are installed: the nearest folder upwards that has a lock file, or else is the root of a workspace; the folder itself where none is. */
export function rootFolder(folder: string, top: string): string {
  const above = [folder];
  for (let at = folder; at !== top && at !== path.dirname(at); ) above.push((at = path.dirname(at)));
  return above.find(installerOf) ?? above.find(isWorkspaceRoot) ?? folder;
}

/** npm runs them in a checkout while it installs and builds it. */
const builtBy = ['preinstall', 'install', 'postinstall', 'prepare', 'prebuild', 'build', 'postbuild'] as const;

/** What makes a checkout ready to run where the configuration has no commands: its installer, and scripts of its own. */
export function describedBuild(folder: string, top: string): string[] {
  const scripts: Readonly<Record<string, unknown>> = Object(manifestIn(folder).scripts);
  const { command } = installerOf(rootFolder(folder, top)) ?? {};
  return [
    ...(command === undefined ? [] : [command]),
    ...builtBy.flatMap((name) => (typeof scripts[name] === 'string' ? [`${name}: ${scripts[name]}`] : [])),
  ];
}

/** What is said of the commands, and what they printed, is without their secrets. @throws FloodgateError `build-failed` with the end of what it printed */
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
    const redactor = await ownRedactor(commands);
    const shown = redactor.text(command);
    onStep(`${label}: ${shown}`);
    const { code, output } = await shell(command, folder, env);
    if (code === 0) continue;
    throw new FloodgateError('build-failed', `${label} cannot be built: "${shown}" ended with ${code ?? 'a signal'}`, {
      hint: `${redactor.text(output).slice(-outputCharactersKept).trimEnd()}\n\nSet the commands in the configuration: build: ['npm ci', 'npm run build'].`,
    });
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
      output = (output + piece).slice(-outputCharactersRead);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}
