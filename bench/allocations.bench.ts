/**
 * What an exchange allocates on its way to a witness, and where: `node bench/allocations.bench.ts [--capture FILE]
 * [--until witnesses] [--top 25]`. Needs ../shared (or FLOODGATE_SHARED) for the generator, unless a capture is named.
 *
 * Two runs over the same frames. The first counts: heap used before each collection minus heap used after the one
 * before, nothing else switched on. The second samples every 16 KiB, what was freed since included, without inlining, so
 * that bytes stand with the function that took them; its shares are scaled to the first one's sum. Buffers outside the
 * V8 heap are in neither (`body.bufferBytesPeak` and its neighbours in the agent's statistics count those).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import v8 from 'node:v8';

const root = path.resolve(import.meta.dirname, '..');
const shared = process.env.FLOODGATE_SHARED ?? path.resolve(root, '../shared');
const work = process.env.FLOODGATE_BENCH_FOLDER ?? path.join(tmpdir(), 'floodgate-bench');
const sampleBytes = 16 << 10;
const shipped = JSON.parse(readFileSync(path.join(root, 'agent/node-arguments.json'), 'utf8')) as readonly string[];
const withoutInlining = ['--no-turbo-inlining', '--no-maglev-inlining'];

const { values: flags } = parseArgs({
  options: {
    capture: { type: 'string' },
    until: { type: 'string', default: 'witnesses' },
    top: { type: 'string', default: '25' },
    child: { type: 'string' },
    out: { type: 'string' },
  },
});

interface Sampled {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly Sampled[];
}

/** One run in this process, with one instrument; its result goes to `--out`. */
async function measure(instrument: string, out: string, capture: string): Promise<void> {
  const { runCommandLine } = await import('../agent/commands/command-line.ts');
  const stats = `${out}.stats`;
  const collections = new v8.GCProfiler();
  const before = v8.getHeapStatistics().used_heap_size;
  collections.start();
  const profile =
    instrument === 'sample'
      ? v8.startHeapProfile({
          sampleInterval: sampleBytes,
          stackDepth: 16,
          forceGC: false,
          includeObjectsCollectedByMajorGC: true,
          includeObjectsCollectedByMinorGC: true,
        })
      : null;
  await runCommandLine(['', '', '--read', capture, '--until', flags.until, '--stats', stats]);
  const sites = new Map<string, number>();
  if (profile !== null) {
    const { head } = JSON.parse(profile.stop()) as { head: Sampled };
    collect(head, sites, '');
  }
  let allocated = 0;
  let used = before;
  for (const { beforeGC, afterGC } of collections.stop()!.statistics) {
    allocated += beforeGC.heapStatistics.usedHeapSize - used;
    used = afterGC.heapStatistics.usedHeapSize;
  }
  allocated += v8.getHeapStatistics().used_heap_size - used;
  const counters = JSON.parse(readFileSync(stats, 'utf8')) as Record<string, number>;
  const exchanges = counters['http.responses'] ?? 0;
  writeFileSync(out, JSON.stringify({ allocated, exchanges, sites: [...sites] }));
}

/**
 * What Node.js and V8's own functions take stands with the function of ours that called them.
 * @param caller the nearest of ours
 */
function collect(node: Sampled, sites: Map<string, number>, caller: string): void {
  const { functionName, url, lineNumber } = node.callFrame;
  const file = url.startsWith('file://') ? path.relative(root, new URL(url).pathname) : url;
  const isOurs = file.startsWith('agent/');
  const own = file === '' ? functionName || '(V8)' : `${file}:${lineNumber + 1} ${functionName || '(module)'}`;
  const name = isOurs || caller === '' ? own : `${caller} → ${functionName || own}`;
  if (node.selfSize > 0) sites.set(name, (sites.get(name) ?? 0) + node.selfSize);
  for (const child of node.children) collect(child, sites, isOurs ? own : caller);
}

interface Result {
  readonly allocated: number;
  readonly exchanges: number;
  readonly sites: readonly [string, number][];
}

function run(folder: string, instrument: string, capture: string, nodeArguments: readonly string[]): Result {
  const out = path.join(folder, instrument);
  const self = [
    import.meta.filename,
    '--child',
    instrument,
    '--out',
    out,
    '--capture',
    capture,
    '--until',
    flags.until,
  ];
  const child = spawnSync(process.execPath, [...shipped, ...nodeArguments, ...self], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (child.status !== 0) throw new Error(`the run ended with ${child.status}: ${child.stderr}`);
  return JSON.parse(readFileSync(out, 'utf8')) as Result;
}

function captureFile(): string | null {
  if (flags.capture !== undefined) return flags.capture;
  const file = path.join(work, 'steady.pcap');
  if (existsSync(`${file}.truth.json`)) return file;
  const generator = path.join(shared, 'peers/genpcap.mjs');
  if (!existsSync(generator)) return null;
  mkdirSync(work, { recursive: true });
  execFileSync(process.execPath, [generator, 'steady', file], { stdio: 'ignore' });
  return file;
}

/** Rows of one grouping, the largest first. */
function table(title: string, totals: Map<string, number>, scale: number, top: number): string {
  const rows = [...totals].sort((a, b) => b[1] - a[1]);
  const sum = rows.reduce((bytes, [, size]) => bytes + size, 0);
  const lines = rows
    .slice(0, top)
    .map(
      ([name, size]) =>
        `| ${name} | ${Math.round(size * scale).toLocaleString('en')} | ${((size / sum) * 100).toFixed(1)} % |`,
    );
  const rest = rows.slice(top).reduce((bytes, [, size]) => bytes + size, 0);
  if (rest > 0)
    lines.push(
      `| the rest | ${Math.round(rest * scale).toLocaleString('en')} | ${((rest / sum) * 100).toFixed(1)} % |`,
    );
  return `| ${title} | bytes an exchange | share |\n|---|---|---|\n${lines.join('\n')}\n`;
}

const stageOf = (site: string): string =>
  /^agent\/[^/:]+/.exec(site)?.[0] ?? (site.startsWith('node:') ? 'Node.js' : 'V8, and start-up');

function main(): void {
  const capture = captureFile();
  if (capture === null) {
    process.stderr.write(`SKIPPED: no peers under ${shared}; set FLOODGATE_SHARED, or name a capture\n`);
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-allocations-'));
  try {
    const counted = run(folder, 'count', capture, []);
    const sampled = run(folder, 'sample', capture, withoutInlining);
    const perExchange = counted.allocated / counted.exchanges;
    const sum = sampled.sites.reduce((bytes, [, size]) => bytes + size, 0);
    const scale = perExchange / sum;
    const stages = new Map<string, number>();
    for (const [site, size] of sampled.sites) stages.set(stageOf(site), (stages.get(stageOf(site)) ?? 0) + size);
    process.stdout.write(
      `${path.basename(capture)} to ${flags.until}: ${Math.round(perExchange).toLocaleString('en')} bytes allocated an exchange ` +
        `(${counted.exchanges} exchanges, ${(counted.allocated / 1e6).toFixed(0)} MB, start-up included)\n\n`,
    );
    process.stdout.write(`${table('stage', stages, scale, 20)}\n`);
    process.stdout.write(table('function', new Map(sampled.sites), scale, Number(flags.top)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (flags.child !== undefined) await measure(flags.child, flags.out!, flags.capture!);
else main();
