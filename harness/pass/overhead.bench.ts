/**
 * What the instruments cost the agent: `node harness/pass/overhead.bench.ts [--capture FILE | --size 200] [--pairs 9]
 * [--feed file|pipe] [--megabytes-per-second 0] [--passes measure,allocations]`. Needs ../shared (or FLOODGATE_SHARED) for the generator, unless a
 * capture is named. `--size` is that of the generated capture in MB: 200 is a run of a second, 1000 one of five.
 *
 * The agent reads the same capture, once bare and once as in a pass: by turns, so that both sides of a pair see the same
 * machine. From a file it never waits; from a pipe, as in the exact lane, what waiting costs depends on who else wants a core. CPU time and peak memory are the agent's own final figures (getrusage, VmHWM); what is printed is
 * the median over pairs of the difference, with its 95 % interval by bootstrap. What the harness spends in its own
 * process (reading /proc) is printed beside it.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { PreloadOptions } from '../preload/options.ts';
import { startChild } from '../target/child-target.ts';
import { MemoryWatch } from '../watch/memory-watch.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from '../watch/preload-channel.ts';
import { heapSampleBytes, offHeapSampleBytes, stackDepth } from './instruments/heap-sampling.ts';

const root = path.resolve(import.meta.dirname, '../..');
// Modules come from the compile cache, as in a run: see bin/compile-cache.js. Otherwise the agent strips the preload's types.
process.env.NODE_COMPILE_CACHE ??= path.join(root, 'node_modules', '.cache', 'floodgate');
const shared = process.env.FLOODGATE_SHARED ?? path.resolve(root, '../shared');
const work = process.env.FLOODGATE_BENCH_FOLDER ?? path.join(tmpdir(), 'floodgate-bench');
/** As `harness/pass/pass.ts` takes them. */
const v8IntervalMs = 250;
const statsIntervalMs = 250;
const rssSampleMs = 50;
const profileIntervalMs = 10_000;
const chunkBytes = 256 << 10;

type Arm = 'bare' | 'measure' | 'allocations';

interface Figures {
  readonly cpuMs: number;
  readonly peakBytes: number;
  readonly wallMs: number;
  readonly harnessMs: number;
}

interface Feed {
  readonly capture: string;
  readonly isPiped: boolean;
  /** Of a pipe; 0: as fast as they are taken. */
  readonly bytesPerSecond: number;
}

/** One run of the agent over the capture. */
async function runArm(arm: Arm, { capture, isPiped, bytesPerSecond }: Feed): Promise<Figures> {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-overhead-'));
  try {
    const statsFile = path.join(folder, 'stats.jsonl');
    const target = await startChild({
      name: 'agent',
      command: process.execPath,
      arguments: [
        ...(JSON.parse(readFileSync(path.join(root, 'agent/node-arguments.json'), 'utf8')) as string[]),
        ...(arm === 'allocations' ? ['--no-turbo-inlining', '--no-maglev-inlining'] : []),
        ...(arm === 'bare' ? [] : preloadArguments),
        path.join(root, 'agent/main.ts'),
        ...['--read', isPiped ? '-' : capture, '--stats', statsFile],
        ...(arm === 'bare' ? [] : ['--stats-interval-ms', String(statsIntervalMs)]),
      ],
      env: arm === 'bare' ? {} : preloadEnvironment(optionsOf(arm, folder)),
      ready: /^memory: at most /,
      withInput: isPiped,
      withChannel: arm !== 'bare',
    });
    const origin = performance.now();
    const own = process.cpuUsage();
    const channel = arm === 'bare' ? undefined : new PreloadChannel(target.channel, Date.now());
    const watch =
      arm === 'bare'
        ? undefined
        : new MemoryWatch({
            pid: target.pid,
            sampleMs: rssSampleMs,
            // As the pass that measures: a thread reads resident memory once a millisecond.
            levels: arm === 'measure',
            nowMs: () => performance.now() - origin,
          });
    let cuts = 0;
    const cutter =
      arm === 'allocations' ? setInterval(() => void channel!.cut(cuts++, 10_000), profileIntervalMs) : undefined;
    if (isPiped) await write(target.input!, capture, bytesPerSecond);
    if (arm === 'allocations') await channel!.cut(cuts++, 10_000);
    target.input?.end();
    await target.exited;
    clearInterval(cutter);
    watch?.stop();
    const { user, system } = process.cpuUsage(own);
    // The last object: indented where it is the only one, a line behind others.
    const text = readFileSync(statsFile, 'utf8').trimEnd();
    const final = JSON.parse(arm === 'bare' ? text : text.slice(text.lastIndexOf('\n') + 1)) as Record<string, number>;
    return {
      cpuMs: final['process.cpuMs']!,
      peakBytes: final['process.residentBytesPeak']!,
      wallMs: performance.now() - origin,
      harnessMs: (user + system) / 1e3,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function optionsOf(arm: Arm, folder: string): Omit<PreloadOptions, 'channel'> {
  if (arm === 'measure') return { intervalMs: v8IntervalMs };
  const sampling = { sampleBytes: heapSampleBytes, stackDepth, offHeapSampleBytes, folder };
  return { intervalMs: v8IntervalMs, profile: { kind: 'allocations', ...sampling } };
}

/** The capture's bytes, as fast as they are taken or at a pace. */
async function write(input: NodeJS.WritableStream, capture: string, bytesPerSecond: number): Promise<void> {
  const origin = performance.now();
  let sent = 0;
  for await (const chunk of createReadStream(capture, { highWaterMark: chunkBytes })) {
    if (!input.write(chunk)) await new Promise((resolve) => input.once('drain', resolve));
    sent += (chunk as Buffer).length;
    const aheadMs = bytesPerSecond > 0 ? (sent / bytesPerSecond) * 1e3 - (performance.now() - origin) : 0;
    if (aheadMs > 1) await pause(aheadMs);
  }
}

function captureFile(named: string | undefined, megabytes: number): string | undefined {
  if (named !== undefined) return named;
  const file = path.join(work, megabytes === 200 ? 'steady.pcap' : `steady-${megabytes}.pcap`);
  if (existsSync(`${file}.truth.json`)) return file;
  const generator = path.join(shared, 'peers/genpcap.mjs');
  if (!existsSync(generator)) return undefined;
  mkdirSync(work, { recursive: true });
  execFileSync(process.execPath, [generator, 'steady', file, '--mb', String(megabytes)], { stdio: 'ignore' });
  return file;
}

/** Median with the 95 % interval of 2,000 resamples, from a fixed seed (xorshift32). */
function medianInterval(values: readonly number[]): { median: number; low: number; high: number } {
  let x = 0x2545f491;
  const random = () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
  const medians = Array.from({ length: 2_000 }, () =>
    medianOf(values.map(() => values[Math.floor(random() * values.length)]!)),
  ).sort((a, b) => a - b);
  return { median: medianOf(values), low: medians[50]!, high: medians[1_949]! };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function summary(values: readonly number[], unit: string): string {
  const { median, low, high } = medianInterval(values);
  const text = (value: number) => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(2)}`;
  return `${text(median)} ${unit} (${text(low)} … ${text(high)})`;
}

/** Other work on the machine only ever adds: the least disturbed runs of both sides beside each other. */
function quietest(bare: readonly number[], seen: readonly number[]): string {
  const low = (values: readonly number[]) =>
    medianOf(values.toSorted((a, b) => a - b).slice(0, Math.ceil(values.length / 4)));
  const change = 100 * (low(seen) / low(bare) - 1);
  return `${change >= 0 ? '+' : '−'}${Math.abs(change).toFixed(2)} % (${low(bare).toFixed(0)} → ${low(seen).toFixed(0)} ms)`;
}

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: {
      capture: { type: 'string' },
      size: { type: 'string', default: '200' },
      pairs: { type: 'string', default: '9' },
      feed: { type: 'string', default: 'file' },
      'megabytes-per-second': { type: 'string', default: '0' },
      passes: { type: 'string', default: 'measure,allocations' },
    },
  });
  const capture = captureFile(flags.capture, Number(flags.size));
  if (capture === undefined) {
    process.stderr.write(`SKIPPED: no peers under ${shared}; set FLOODGATE_SHARED, or name a capture\n`);
    return;
  }
  const bytesPerSecond = Number(flags['megabytes-per-second']) * 1e6;
  const feed: Feed = { capture, isPiped: flags.feed === 'pipe', bytesPerSecond };
  const bytes = statSync(capture).size;
  for (const arm of flags.passes.split(',') as Arm[]) {
    // Fills the cache.
    await runArm('bare', feed);
    await runArm(arm, feed);
    const pairs: { bare: Figures; seen: Figures }[] = [];
    for (let i = 0; i < Number(flags.pairs); i += 1) {
      const bareFirst = i % 2 === 0 ? await runArm('bare', feed) : undefined;
      const seen = await runArm(arm, feed);
      pairs.push({ bare: bareFirst ?? (await runArm('bare', feed)), seen });
    }
    const bareCpuMs = medianOf(pairs.map(({ bare }) => bare.cpuMs));
    const wallMs = medianOf(pairs.map(({ seen }) => seen.wallMs));
    const lines = [
      `pass "${arm}", ${pairs.length} pairs, ${(bytes / 1e6).toFixed(0)} MB in ${(wallMs / 1e3).toFixed(1)} s, bare ${bareCpuMs.toFixed(0)} ms of CPU, ${(medianOf(pairs.map(({ bare }) => bare.peakBytes)) / 1e6).toFixed(1)} MB at the peak:`,
      `  CPU of the agent   ${summary(
        pairs.map(({ bare, seen }) => 100 * (seen.cpuMs / bare.cpuMs - 1)),
        '%',
      )}`,
      `  … quietest quarter ${quietest(
        pairs.map(({ bare }) => bare.cpuMs),
        pairs.map(({ seen }) => seen.cpuMs),
      )}`,
      `  … of one core      ${summary(
        pairs.map(({ bare, seen }) => (100 * (seen.cpuMs - bare.cpuMs)) / seen.wallMs),
        '%',
      )}`,
      `  peak RSS           ${summary(
        pairs.map(({ bare, seen }) => (seen.peakBytes - bare.peakBytes) / 1e6),
        'MB',
      )}`,
      `  harness's own      ${((100 * medianOf(pairs.map(({ seen }) => seen.harnessMs))) / wallMs).toFixed(1)} % of a core (sending included; bare ${((100 * medianOf(pairs.map(({ bare }) => bare.harnessMs))) / medianOf(pairs.map(({ bare }) => bare.wallMs))).toFixed(1)} %)`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

await main();
