/**
 * Reads and compares two snapshots of one growing heap: `node heap-snapshot.bench.ts [live MB, default 50]`. Prints one
 * line; each snapshot is written by a process of its own, and the comparison is measured in another one.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import { diffSnapshots, summarizeSnapshot } from './classes.ts';
import { readHeapSnapshot } from './snapshot-parser.ts';

/** One record is some 500 B on the heap. */
const RECORD_BYTES = 500;
const self = fileURLToPath(import.meta.url);
const [mode = 'bench', ...rest] = process.argv.slice(2);

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

async function compare(before: string, after: string): Promise<void> {
  const started = process.hrtime.bigint();
  const summary = summarizeSnapshot(await readHeapSnapshot(createReadStream(before, { highWaterMark: 4 << 20 })));
  const snapshot = await readHeapSnapshot(createReadStream(after, { highWaterMark: 4 << 20 }));
  const rows = diffSnapshots(summary, snapshot);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const usage = process.resourceUsage();
  const cpuSeconds = (usage.userCPUTime + usage.systemCPUTime) / 1e6;
  const peakMb = usage.maxRSS / 1000;
  const sizes = `${Math.round(statSync(before).size / 1e6)} + ${Math.round(statSync(after).size / 1e6)} MB`;
  process.stdout.write(
    `${sizes}, ${snapshot.nodeCount} nodes, ${snapshot.edgeCount} edges: ${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} s of CPU), peak RSS ${Math.round(peakMb)} MB; most grown: ${rows[0]?.className}\n`,
  );
}

if (mode === 'write') writeSnapshots(Number(rest[0]), rest[1]!, rest[2]!);
else if (mode === 'compare') await compare(rest[0]!, rest[1]!);
else {
  const dir = mkdtempSync(path.join(tmpdir(), 'floodgate-snapshots-'));
  const files = [path.join(dir, 'before.heapsnapshot'), path.join(dir, 'after.heapsnapshot')];
  try {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['--max-old-space-size=8192', self, ...args], { stdio: 'inherit' });
    run('write', mode === 'bench' ? '50' : mode, ...files);
    run('compare', ...files);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
