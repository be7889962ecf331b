/** A flame graph that 0x draws of V8's tick log. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Note } from '../../../reports/model.ts';
import { projectRoot } from '../../profile/files.ts';
import { findOnPath, missingTool } from './find-tool.ts';
import { type BringOrder, type Instrument, samplerCeilingBytes } from './instrument.ts';

/** V8's log is read whole, and a browser's bundle is made: half a minute on a slow machine. */
const drawTimeoutMs = 180_000;
const linesKept = 10;

export const flame: Instrument = {
  kind: 'flame',
  activity: 'replaying for the flame graph',
  disturbs: true,
  needsNode: true,
  holdsTraffic: false,
  use: undefined,
  checkTools: () => void findZeroX(),
  // V8 logs its ticks as it goes: what a killed target leaves can be drawn too.
  start: (folder) => ({
    nodeArguments: ['--prof', '--logfile-per-isolate', `--logfile=${path.join(folder, '%p-v8.log')}`],
  }),
  describe: (usual) => [...usual, '0x (V8 tick log)'],
  ceilingBytes: samplerCeilingBytes,
  aim: () => ({ frameMarks: [] }),
  bring: async (_pass, order) => ({ notes: [await flameNote(order)] }),
};

async function flameNote({ folder, passFolder, command }: BringOrder): Promise<Note> {
  const { page, why } = await drawFlame(findZeroX(), passFolder, command);
  return page
    ? { severity: 'info', text: `Flame graph by 0x: ${path.relative(folder, page)}` }
    : { severity: 'warning', text: `0x drew no flame graph: ${why}` };
}

/** 0x's module: beside the user's program, beside floodgate, or that of the command on the PATH. @throws FloodgateError `tool-missing` */
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
  throw missingTool('0x', '--flame', 'npm install --global 0x');
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
