/** Makes a checked-out version ready to run: by the project's own commands, or by what its lock file asks for. */
import { spawn } from 'node:child_process';
import { constants, cpSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
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

/**
 * Without commands in the configuration: dependencies by the lock file, then `npm run build` where there is such a script. Where
 * the working folder has the same lock file and its packages installed, those are copied instead of installed again.
 */
export function buildCommands(folder: string, working: string): string[] {
  const commands: string[] = [];
  const installer = installers.find(({ lock }) => existsSync(path.join(folder, lock)));
  const isCopied = isSame(folder, working, installer?.lock ?? 'package.json') && copyPackages(folder, working);
  if (installer && !isCopied) commands.push(installer.command);
  if (hasBuildScript(folder)) commands.push('npm run build');
  return commands;
}

function isSame(folder: string, working: string, name: string): boolean {
  const [here, there] = [path.join(folder, name), path.join(working, name)];
  return existsSync(here) && existsSync(there) && readFileSync(here, 'utf8') === readFileSync(there, 'utf8');
}

/** @returns false where the working folder has no packages installed */
export function copyPackages(folder: string, working: string): boolean {
  const from = path.join(working, 'node_modules');
  if (!existsSync(from)) return false;
  cpSync(from, path.join(folder, 'node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  });
  return true;
}

function hasBuildScript(folder: string): boolean {
  try {
    return typeof JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).scripts?.build === 'string';
  } catch {
    return false;
  }
}

/** @throws FloodgateError `build-failed` with the end of what it printed */
export async function runBuild(
  commands: readonly string[],
  folder: string,
  label: string,
  onStep: (text: string) => void,
): Promise<void> {
  for (const command of commands) {
    onStep(`${label}: ${command}`);
    const { code, output } = await shell(command, folder);
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

function shell(command: string, folder: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, {
      cwd: folder,
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
