/** Other people's CPU tools, used where the user has installed them: 0x draws flame graphs, clinic's doctor diagnoses. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { FloodgateError } from '../../../agent/errors.ts';
import { projectRoot } from '../../profile/files.ts';

/** What the target is started under. */
export interface Wrapper {
  readonly command: string;
  /** Before the target's own command. */
  readonly arguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What ends it in good order, and how long that may take. */
  readonly stopSignal: NodeJS.Signals;
  readonly stopTimeoutMs: number;
}

/** V8's log is read whole, and a browser's bundle is made: half a minute on a slow machine. */
const drawTimeoutMs = 180_000;
/** clinic reads its samples and writes its page after the target's end. */
const doctorTimeoutMs = 180_000;
const linesKept = 10;

/** 0x's module: beside the user's program, beside floodgate, or that of the command on the PATH. @throws FloodgateError `NO_TOOL` */
export function findZeroX(): string {
  for (const folder of [process.cwd(), projectRoot]) {
    try {
      return createRequire(path.join(folder, 'package.json')).resolve('0x');
    } catch {
      // Not there.
    }
  }
  const command = findOnPath('0x');
  const beside = command && path.join(path.dirname(command), 'index.js');
  if (beside && existsSync(beside)) return beside;
  throw missing('0x', '--flame', 'npm install --global 0x');
}

/** clinic's command. @throws FloodgateError `NO_TOOL` */
export function findClinic(): string {
  const command = findOnPath('clinic');
  if (command) return command;
  throw missing('clinic', '--doctor', 'npm install --global clinic');
}

function missing(tool: string, option: string, command: string): FloodgateError {
  return new FloodgateError('NO_TOOL', `${option} needs ${tool}, which is not installed here`, {
    hint: `Install it ("${command}", or without --global in your project), or leave ${option} out: --cpu needs nothing.`,
  });
}

/** Where a shell would find it, the project's own packages first. */
function findOnPath(name: string): string | undefined {
  const folders = [path.resolve('node_modules', '.bin'), ...(process.env.PATH ?? '').split(path.delimiter)];
  for (const folder of folders) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return realpathSync(file);
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** Node.js arguments by which V8 logs its ticks as it goes: what a killed target leaves can be drawn too. */
export function tickLogArguments(folder: string): string[] {
  return ['--prof', '--logfile-per-isolate', `--logfile=${path.join(folder, '%p-v8.log')}`];
}

/**
 * Has 0x draw the tick log in a folder, in a process of its own. The logs are removed once they are drawn.
 * @returns the page, or why there is none
 */
export async function drawFlame(
  zeroX: string,
  folder: string,
  title: string,
): Promise<{ page?: string; why?: string }> {
  const script =
    "const [entry, title] = process.argv.slice(1); require(entry)({ visualizeOnly: '.', workingDir: process.cwd(), name: 'flame', title, pathToNodeBinary: process.execPath }).catch((error) => { console.error(error.message); process.exit(1); });";
  const { code, lastLines } = await runTool(process.execPath, ['-e', script, zeroX, title], folder);
  const page = path.join(folder, 'flame.html');
  if (code !== 0 || !existsSync(page)) return { why: lastLines.at(-1) ?? `0x ended with ${code}` };
  for (const name of readdirSync(folder)) if (/^isolate.*-v8\.(log|json)/.test(name)) rmSync(path.join(folder, name));
  return { page };
}

/** The target under clinic's doctor, which samples it from within and writes its page below `folder`. */
export function doctorWrapper(clinic: string, folder: string): Wrapper {
  return {
    command: clinic,
    arguments: ['doctor', '--open=false', '--dest', folder, '--'],
    // It would ask whether it may tell its makers, and end when nobody answers.
    env: { NO_INSIGHT: '1' },
    // To the whole group, as Ctrl-C does: the target ends, and clinic, which waits for it, goes on.
    stopSignal: 'SIGINT',
    stopTimeoutMs: doctorTimeoutMs,
  };
}

/** The page that clinic left; undefined where the target did not end in good order. */
export function findDoctorPage(folder: string): string | undefined {
  const name = existsSync(folder) ? readdirSync(folder).find((each) => each.endsWith('.html')) : undefined;
  return name && path.join(folder, name);
}

function runTool(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number | null; lastLines: string[] }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], timeout: drawTimeoutMs });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-10_000);
    });
    const ended = (code: number | null) =>
      resolve({ code, lastLines: text.trim().split('\n').filter(Boolean).slice(-linesKept) });
    child.on('error', (error) => {
      text += error.message;
      ended(null);
    });
    child.on('close', ended);
  });
}
