/** `floodgate run`: one scenario or capture file, judged against its budget. */
import path from 'node:path';
import { type Command, Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { renderTerminal } from '../../reports/terminal.ts';
import { LoadFeed } from '../feed/load.ts';
import { openFeed } from '../feed/open-feed.ts';
import type { TrafficOrder } from '../feed/sender.ts';
import { exitCodesLine } from '../metrics/exit-codes.ts';
import { limitsOf } from '../metrics/limits.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { type CpuPass, checkCpuTools } from '../pass/cpu-passes.ts';
import { type Explain, runScenario } from '../run.ts';
import { captureScenario, type ScenarioHead } from '../scenario/capture-scenario.ts';
import { loadScenario, scenarioOrder } from '../scenario/catalogue.ts';
import type { Lane, Pace } from '../scenario/scenario.ts';
import { probeRecording } from '../traffic/recorded-traffic.ts';
import { enterNamespace } from './enter-namespace.ts';
import { withoutSecrets } from './profile-push.ts';
import { pushRun } from './push-command.ts';
import { makeReportFolder, pointLatest, writeReports } from './report-folder.ts';
import { openSession } from './session.ts';
import { addTargetOptions, type TargetFlags, type TargetRun, targetRun } from './target-flags.ts';

interface RunFlags extends TargetFlags {
  readonly lane?: Lane;
  readonly defect?: string;
  readonly speed?: string;
  readonly pps?: string;
  readonly mbps?: string;
  readonly topspeed?: boolean;
  readonly loop?: string;
  readonly size?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly explain?: boolean;
  readonly keepSnapshots?: boolean;
  readonly cpu?: boolean;
  readonly flame?: boolean;
  readonly doctor?: boolean;
  readonly push?: string;
  readonly intervalMs: string;
  readonly sampleMs: string;
  readonly budget?: readonly string[];
}

const examples = `
Examples:
  floodgate run incident                                 the article's incident through a TAP device
  floodgate run incident --defect reassembly-unbounded   the same with the article's first bug: exits 1
  floodgate run recorded-burst --speed 4x --explain      faster, and with call sites for every spike
  floodgate run steady --cpu --flame                     where its CPU time goes, by phase and as a flame graph
  floodgate run steady --lane exact                      over a pipe: no privilege, repeatable to the byte
  floodgate run --target "node server.js" --load "autocannon -c 20 -d 10 http://127.0.0.1:{port}" --budget rss.p99=200MB
  floodgate run --target "./service" --pprof http://127.0.0.1:{port}/debug/pprof --load "./load.sh {port}" --explain
  floodgate run --target pid:1234 --duration 1min         any process: memory only, left running
  floodgate run incident --target "tcpdump -i {interface} -w /dev/null" --ready "listening on"
  floodgate run ./production.pcapng --budget rss.p99=200MB --budget dropped.frames=0

${exitCodesLine}`;

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .summary('replay one scenario, or a capture file, and judge it; or load any program')
    .description(
      'Replays a scenario, or any pcap or pcapng file, at the agent and judges its memory against a budget; with --target, ' +
        'does the same to another program: idle, under load, recovering.',
    )
    .argument('[scenario]', 'name from "floodgate list", or the path of a capture file; may be left out with --target')
    .addOption(new Option('--lane <lane>', 'tap: through the kernel; exact: over a pipe').choices(['tap', 'exact']))
    .option('--defect <name>', 'put a known defect in its place in the agent')
    .addOption(
      new Option('--speed <factor>', 'recorded timing, so many times as fast, e.g. 4x').conflicts([
        'pps',
        'mbps',
        'topspeed',
      ]),
    )
    .addOption(new Option('--pps <n>', 'frames a second').conflicts(['mbps', 'topspeed']))
    .addOption(new Option('--mbps <n>', 'megabits a second').conflicts('topspeed'))
    .option('--topspeed', 'as fast as the device takes them')
    .option('--loop <n>', 'the traffic so many times over, each time between other addresses')
    .option('--size <amount>', 'sum of frame lengths to generate, e.g. 100MB')
    .option('--seed <n>', 'of every random choice')
    .option('--out <dir>', 'folder for the report (default: runs/<time>-<scenario>)')
    .option('--explain', 'replay again with allocation sampling even when the budget holds')
    .option('--keep-snapshots', 'leave the heap snapshots of a replay in the report folder')
    .option('--cpu', 'replay again with V8’s CPU profiler: one profile a phase')
    .option('--flame', 'replay again for a flame graph by 0x, where you have it installed')
    .option('--doctor', 'replay again under clinic doctor, where you have it installed')
    .option('--push <url>', 'send the profiles to Pyroscope or Parca: see floodgate push --help')
    .option('--interval-ms <n>', 'length of a profile interval', '1000')
    .option('--sample-ms <n>', 'between two readings of memory', '50')
    .option(
      '--budget <name=value>',
      'replaces or adds a limit; may be repeated; floodgate list --metrics shows the names',
      (value: string, all: string[] = []) => [...all, value],
    )
    .addHelpText('after', examples)
    .action(async (name: string | undefined, flags: RunFlags) => {
      process.exitCode = await run(name, flags);
    });
  addTargetOptions(command);
}

async function run(name: string | undefined, flags: RunFlags): Promise<number> {
  const target = targetRun(flags, name !== undefined);
  const { scenario, order: orderOnce } = await findScenario(name, target);
  const lane = flags.lane ?? scenario.lanes[0] ?? 'tap';
  const pace = paceOf(flags) ?? scenario.pace;
  const budget = { ...scenario.budget, ...limitsOf(flags.budget ?? []) };
  const seed =
    flags.seed === undefined ? scenario.seed : parseWhole(flags.seed, '--seed', { min: 0, max: 0xffff_ffff });
  const loops = flags.loop === undefined ? 1 : parseWhole(flags.loop, '--loop', { min: 1, max: 1_000_000 });
  const order = orderOnce && ((...of: Parameters<typeof orderOnce>) => ({ ...orderOnce(...of), loops }));
  const intervalMs = parseWhole(flags.intervalMs, '--interval-ms', { min: 100, max: 3_600_000 });
  const sampleMs = parseWhole(flags.sampleMs, '--sample-ms', { min: 1, max: 60_000 });
  const sizeBytes = flags.size === undefined ? undefined : parseQuantity(flags.size, '--size', 'bytes');
  const cpu = cpuPasses(flags, target);
  const privilege = await enterNamespace(lane);
  const session = openSession();
  const folder = makeReportFolder(scenario.name, flags.out);
  session.progress.begin(
    lane === 'load'
      ? scenario.name
      : `${scenario.name} (${lane} lane${flags.defect ? `, defect ${flags.defect}` : ''})`,
  );
  const explain: Explain = flags.explain ? 'always' : 'on-breach';
  try {
    const report = await runScenario({
      scenario,
      lane,
      defect: flags.defect,
      seed: order ? seed : null,
      traffic: order?.(seed, sizeBytes),
      ...(target && { launcher: target.opened.launcher }),
      budget,
      explain,
      cpu,
      folder,
      keepsSnapshots: flags.keepSnapshots === true,
      sampleMs,
      intervalMs,
      command: commandLine(),
      toolVersion: session.toolVersion,
      privilege,
      optionWords: { ...optionWords({ ...flags, lane }), ...(order && recordingWords(order(seed, sizeBytes))) },
      ...(order
        ? { openFeed: () => openFeed(lane, { traffic: order(seed, sizeBytes), pace }) }
        : {
            openFeed: async () => new LoadFeed({ ...target!.load, logFile: path.join(folder, 'load.log') }),
            idleMs: target!.idleMs,
          }),
      signal: session.signal,
      onProgress: (progress) => session.progress.update(progress),
    });
    session.progress.clear();
    writeReports(folder, report);
    if (flags.out === undefined) pointLatest(folder);
    process.stdout.write(
      renderTerminal(report, { colour: session.colour, columns: session.columns, wraps: process.stdout.isTTY }),
    );
    process.stdout.write(`\nreport: ${path.relative('', path.join(folder, 'report.html'))}\n`);
    if (flags.push !== undefined) await pushed(folder, flags.push, session.signal);
    return report.verdict.exitCode;
  } catch (error) {
    session.progress.clear();
    throw error;
  }
}

interface Found {
  readonly scenario: ScenarioHead;
  /** Undefined where no frames are sent. */
  readonly order: ((seed: number, sizeBytes: number | undefined) => TrafficOrder) | undefined;
}

/** A scenario by name, or one made of a capture file, or a target's own where none is named. */
async function findScenario(name: string | undefined, target: TargetRun | undefined): Promise<Found> {
  if (name === undefined) {
    if (target) return { scenario: target.scenario, order: undefined };
    throw new FloodgateError('BAD_OPTION', 'there is nothing to run', {
      hint: 'Name a scenario (floodgate list shows them), a capture file, or a program: --target "node server.js".',
    });
  }
  if (name.includes('/') || /\.(pcap|pcapng|cap)(\.gz)?$/i.test(name)) {
    const { scenario, traffic } = captureScenario(name);
    probeRecording(traffic.path);
    return { scenario, order: () => traffic };
  }
  const scenario = await loadScenario(name);
  return { scenario, order: (seed, sizeBytes) => scenarioOrder(name, seed, sizeBytes) };
}

/** @throws FloodgateError where a tool is missing or the target is not one of Node.js */
function cpuPasses(flags: RunFlags, target: TargetRun | undefined): CpuPass[] {
  const wanted = (['cpu', 'flame', 'doctor'] as const).filter((name) => flags[name]);
  if (wanted.length > 0 && target && !target.opened.launcher.isNode) {
    throw new FloodgateError('BAD_OPTION', `--${wanted[0]} is for Node.js: ${target.opened.launcher.name} is not`, {
      hint: 'A Go program tells itself: go tool pprof http://HOST:PORT/debug/pprof/profile?seconds=10.',
    });
  }
  checkCpuTools(wanted);
  return wanted;
}

function paceOf(flags: RunFlags): Pace | undefined {
  const positive = (text: string, option: string) => {
    const value = Number(text.replace(/x$/i, ''));
    if (value > 0 && Number.isFinite(value)) return value;
    throw new FloodgateError('BAD_OPTION', `${option}: "${text}" is not a number above 0`, {
      hint: `Example: ${option} 4.`,
    });
  };
  if (flags.topspeed) return { kind: 'topspeed' };
  if (flags.pps !== undefined) return { kind: 'frames', framesPerSecond: positive(flags.pps, '--pps') };
  if (flags.mbps !== undefined) return { kind: 'bits', megabitsPerSecond: positive(flags.mbps, '--mbps') };
  if (flags.speed !== undefined) return { kind: 'recorded', speed: positive(flags.speed, '--speed') };
  return undefined;
}

/** The verdict stands, whether a store took the profiles or not. */
async function pushed(folder: string, url: string, signal: AbortSignal): Promise<void> {
  try {
    process.stdout.write(`${await pushRun(folder, url, signal)}\n`);
  } catch (error) {
    if (!(error instanceof FloodgateError)) throw error;
    process.stderr.write(`floodgate: ${error.message}\n${error.hint}\n`);
  }
}

/** Credentials in an address are no part of a report. */
function withoutCredentials(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#'"]*@/gi, '$1');
}

/** What reproduces this run, quoted for a shell. */
export function commandLine(): string {
  const quote = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const shown = process.argv.slice(2).map((text, i, all) => {
    // Of a store's address the query may be a secret too.
    if (all[i - 1] === '--push') return withoutSecrets(text);
    if (text.startsWith('--push=')) return `--push=${withoutSecrets(text.slice('--push='.length))}`;
    return withoutCredentials(text);
  });
  return ['floodgate', ...shown.map(quote)].join(' ');
}

/** Which file, so that `floodgate slice` finds it again. */
function recordingWords(order: TrafficOrder): Record<string, string> {
  return order.kind === 'recording' ? { recording: order.path } : {};
}

function optionWords(flags: RunFlags): Record<string, string> {
  const words: Record<string, string> = {};
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    words[name] = (name === 'push' ? withoutSecrets : withoutCredentials)(
      Array.isArray(value) ? value.join(', ') : String(value),
    );
  }
  return words;
}
