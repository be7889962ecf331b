/**
 * Reads and compares two snapshots of one growing heap: `node heap-snapshot.bench.ts [--live 50] [--runs 3]
 * [--memlab FOLDER]`, live megabytes in the second one. With a folder in which `npm install @memlab/heap-analysis` was
 * run, memlab does the same beside it, by turns, each in a process of its own.
 *
 * The same work on both sides: both files parsed, dominators and retained sizes of each, shortest ways from the root,
 * retained bytes by class, and which class grew most. memlab is used by its API below its leak detector, whose filters
 * and clusters would come on top.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import v8 from 'node:v8';
import { diffSnapshots, summarizeSnapshot } from './classes.ts';
import { snapshotChunks } from './files.ts';
import { readHeapSnapshot } from './snapshot-parser.ts';

/** One record is some 500 B on the heap. */
const RECORD_BYTES = 500;
const self = fileURLToPath(import.meta.url);

/** Half of the heap, a snapshot, the other half, another one. */
function writeSnapshots(liveMb: number, before: string, after: string): void {
  const kept: unknown[] = [];
  const grow = () => {
    for (let i = 0; i < (liveMb * 1e6) / RECORD_BYTES / 2; i += 1) {
      kept.push({
        id: i,
        name: `record ${i}`,
        tags: [`a${i}`, `b${i}`],
        nested: { at: i + 0.5, map: new Map([[i, { i }]]) },
      });
    }
  };
  grow();
  v8.writeHeapSnapshot(before);
  grow();
  v8.writeHeapSnapshot(after);
}

interface Figures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly nodes: number;
  readonly mostGrown: string;
}

/** Of this process since its start; the last line of its output, as memlab prints its progress there too. */
function print(nodes: number, mostGrown: string): void {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const figures: Figures = {
    seconds: performance.now() / 1e3,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakMb: maxRSS / 1e3,
    nodes,
    mostGrown,
  };
  process.stdout.write(`\n${JSON.stringify(figures)}\n`);
}

async function compare(before: string, after: string): Promise<void> {
  const summary = summarizeSnapshot(await readHeapSnapshot(snapshotChunks(before)));
  const snapshot = await readHeapSnapshot(snapshotChunks(after));
  const [most] = diffSnapshots(summary, snapshot);
  print(snapshot.nodeCount, `${most?.className} +${Math.round(most!.retainedBytesAdded / 1e6)} MB`);
}

interface MemlabNode {
  readonly name: string;
  readonly type: string;
  readonly retainedSize: number;
}
interface Memlab {
  getFullHeapFromFile(
    file: string,
  ): Promise<{ nodes: { length: number; forEach(each: (node: MemlabNode) => void): void } }>;
}

async function compareByMemlab(folder: string, before: string, after: string): Promise<void> {
  const memlab: Memlab = createRequire(path.join(path.resolve(folder), 'package.json'))('@memlab/heap-analysis');
  const read = async (file: string) => {
    const { nodes } = await memlab.getFullHeapFromFile(file);
    const classes = new Map<string, number>();
    nodes.forEach((node) => {
      if (node.type === 'object') classes.set(node.name, (classes.get(node.name) ?? 0) + node.retainedSize);
    });
    return { classes, count: nodes.length };
  };
  const earlier = await read(before);
  const later = await read(after);
  const grown = [...later.classes].map(([name, bytes]) => [name, bytes - (earlier.classes.get(name) ?? 0)] as const);
  const [name, bytes] = grown.sort((a, b) => b[1] - a[1])[0]!;
  print(later.count, `${name} +${Math.round(bytes / 1e6)} MB`);
}

function run(...args: string[]): Figures {
  const { stdout, status, stderr } = spawnSync(process.execPath, ['--max-old-space-size=12288', self, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`the run ended with ${status}: ${stderr}`);
  return args[0] === 'write' ? ({} as Figures) : (JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Figures);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function bench(): void {
  const { values: flags } = parseArgs({
    options: {
      live: { type: 'string', default: '50' },
      runs: { type: 'string', default: '3' },
      memlab: { type: 'string' },
    },
  });
  const dir = mkdtempSync(path.join(tmpdir(), 'floodgate-snapshots-'));
  const files = [path.join(dir, 'before.heapsnapshot'), path.join(dir, 'after.heapsnapshot')] as const;
  try {
    run('write', flags.live, ...files);
    const ours: Figures[] = [];
    const theirs: Figures[] = [];
    for (let i = 0; i < Number(flags.runs); i += 1) {
      ours.push(run('compare', ...files));
      if (flags.memlab !== undefined) theirs.push(run('memlab', flags.memlab, ...files));
    }
    const sizes = files.map((file) => Math.round(statSync(file).size / 1e6)).join(' + ');
    process.stdout.write(`${flags.live} MB live, files of ${sizes} MB, ${ours[0]!.nodes} nodes in the second\n`);
    const of = (all: readonly Figures[], name: 'seconds' | 'cpuSeconds' | 'peakMb') =>
      median(all.map((each) => each[name]));
    for (const [name, all] of [
      ['floodgate', ours],
      ['memlab', theirs],
    ] as const) {
      if (all.length === 0) continue;
      process.stdout.write(
        `${name.padEnd(9)} ${of(all, 'seconds').toFixed(2)} s, ${of(all, 'cpuSeconds').toFixed(2)} s of CPU, peak RSS ${of(all, 'peakMb').toFixed(0)} MB; most grown: ${all[0]!.mostGrown}\n`,
      );
    }
    if (theirs.length > 0) {
      const ratio = (name: 'seconds' | 'cpuSeconds' | 'peakMb') => of(theirs, name) / of(ours, name);
      process.stdout.write(
        `memlab takes ${ratio('seconds').toFixed(1)} × the time, ${ratio('cpuSeconds').toFixed(1)} × the CPU, ${ratio('peakMb').toFixed(1)} × the memory\n`,
      );
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const [mode, first = '', second = '', third = ''] = process.argv.slice(2);
if (mode === 'write') writeSnapshots(Number(first), second, third);
else if (mode === 'compare') await compare(first, second);
else if (mode === 'memlab') await compareByMemlab(first, second, third);
else bench();
