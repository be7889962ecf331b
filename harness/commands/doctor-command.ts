/** `floodgate doctor`: what this machine can do, what is missing, the command that mends it, and how noisy it is. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { fitLine } from '../../agent/help-layout.ts';
import { formatShare } from '../../reports/format.ts';
import { faultsAtRest } from '../compare/fitness.ts';
import { readMachine } from '../watch/machine.ts';
import { takesColour } from './print-report.ts';

/** `fine`; `less`: something cannot be done here; `bad`: nothing works without it. */
type State = 'fine' | 'less' | 'bad';

interface Check {
  readonly state: State;
  readonly name: string;
  readonly says: string;
  /** Mends it; empty where there is nothing to mend, or no command for it. */
  readonly mend: string;
}

export function addDoctorCommand(command: Command): void {
  command
    .description(
      'Says what this machine can do, what is missing and what mends it, and how much its figures can be trusted.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  floodgate doctor\n\nExit codes: 0 everything that is needed is there, 2 something is missing without which nothing works.',
    )
    .action(async () => {
      process.exitCode = await doctor();
    });
}

/** Behind a mark and a name. */
const saysColumn = 15;

async function doctor(): Promise<number> {
  const colour = takesColour();
  const { columns } = process.stdout;
  const checks = [
    platform(),
    frames(),
    tool('git', 'floodgate compare checks versions out with it'),
    kernelSays(),
    await rest(),
    work(),
  ];
  const colours = { fine: 32, less: 33, bad: 31 } as const;
  const marks = { fine: '✓', less: '!', bad: '✗' } as const;
  for (const { state, name, says, mend } of checks) {
    const mark = colour ? `\u001b[${colours[state]}m${marks[state]}\u001b[0m` : marks[state];
    process.stdout.write(`${mark} ${name.padEnd(12)} ${fitLine(says, columns, saysColumn)}\n`);
    if (mend !== '') process.stdout.write(`  ${''.padEnd(12)} ${mend}\n`);
  }
  return checks.some(({ state }) => state === 'bad') ? 2 : 0;
}

function platform(): Check {
  const origin = process.execPath.includes(`${path.sep}node_modules${path.sep}`) ? 'of this package' : process.execPath;
  const says = `${process.platform} ${process.arch}, Node.js ${process.versions.node} (${origin})`;
  if (process.platform === 'linux') return { state: 'fine', name: 'system', says, mend: '' };
  return { state: 'less', name: 'system', says: `${says}: memory is read from /proc, which only Linux has`, mend: '' };
}

/** A TAP device is made in a namespace of one's own. */
function frames(): Check {
  const name = 'TAP lane';
  const isRoot = process.getuid?.() === 0;
  const { status, error } = spawnSync('unshare', [...(isRoot ? [] : ['-Ur']), '-mn', 'true'], { stdio: 'ignore' });
  if (status === 0) {
    if (existsSync('/dev/net/tun')) return { state: 'fine', name, says: 'can be used', mend: '' };
    return { state: 'less', name, says: 'there is no /dev/net/tun: use --lane exact', mend: 'sudo modprobe tun' };
  }
  if (error)
    return {
      state: 'less',
      name,
      says: 'unshare is missing: use --lane exact',
      mend: 'sudo apt-get install util-linux',
    };
  const key = 'kernel.apparmor_restrict_unprivileged_userns';
  const isRestricted = textOf(`/proc/sys/${key.replaceAll('.', '/')}`).trim() === '1';
  const mend = isRestricted
    ? `sudo sysctl -w ${key}=0`
    : 'sudo sysctl -w kernel.unprivileged_userns_clone=1   (in a container: --cap-add SYS_ADMIN)';
  return { state: 'less', name, says: 'the kernel refuses namespaces: use --lane exact', mend };
}

function tool(name: string, why: string): Check {
  const { status, stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
  if (status === 0) return { state: 'fine', name, says: stdout.trim().split('\n')[0]!, mend: '' };
  return { state: 'less', name, says: `is missing: ${why}`, mend: `sudo apt-get install ${name}` };
}

/** Without these the fitness of the machine is judged by less. */
function kernelSays(): Check {
  const { throttledMs, pressureMs, ticks } = readMachine(0);
  const missing = [
    ...(ticks === null ? ['steal (/proc/stat)'] : []),
    ...(throttledMs === null ? ['throttling (cpu.stat of the control group)'] : []),
    ...(pressureMs === null ? ['pressure (/proc/pressure/cpu)'] : []),
  ];
  if (missing.length === 0)
    return { state: 'fine', name: 'kernel', says: 'says steal, throttling and pressure', mend: '' };
  return { state: 'less', name: 'kernel', says: `does not say ${missing.join(', ')}`, mend: '' };
}

const restMs = 1_000;

/** While nothing of ours runs. */
async function rest(): Promise<Check> {
  const before = readMachine(performance.now());
  await pause(restMs);
  const faults = faultsAtRest(before, readMachine(performance.now()));
  if (faults.length === 0)
    return { state: 'fine', name: 'neighbours', says: `quiet, ${before.cores} processors`, mend: '' };
  const says = `${faults.join(', ')}: floodgate compare waits before it judges time or resident memory, and judges allocation`;
  return { state: 'less', name: 'neighbours', says, mend: '' };
}

/** Repeats of the same work: as many as take two seconds on a slow machine. */
const repeats = 20;
const noiseShareMax = 0.05;

function work(): Check {
  const times: number[] = [];
  for (let repeat = 0; repeat < repeats + 2; repeat += 1) {
    const startMs = performance.now();
    let sum = 0;
    for (let i = 0; i < 3e7; i += 1) sum = (sum + i * 7) | 0;
    // The first two find cold code.
    if (repeat >= 2 && sum !== 1) times.push(performance.now() - startMs);
  }
  times.sort((a, b) => a - b);
  const spread = times[Math.floor(times.length * 0.9)]! / times[0]! - 1;
  const says = `the same work takes up to ${formatShare(spread)} longer (nine of ten times)`;
  return { state: spread > noiseShareMax ? 'less' : 'fine', name: 'noise', says, mend: '' };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
