/**
 * `node conformance/scrub.bench.ts [PART…]`: every recorded capture scrubbed, beside the original: tshark's messages, lengths and codings; a search of
 * its own for values at their places; and the agent's memory on the largest of them. PART is a part of names. Minutes; takes tshark and the corpora.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { scrubInto } from '../harness/scrub/scrub-fixture.ts';
import type { RunReport } from '../reports/model.ts';
import { findShared } from './oracles.ts';
import { differencesBySharks, messagesBySharks, valuesLeft } from './scrubbed-fixture.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Of how many captures memory is compared: those with most messages. */
const memoryCaptures = 5;
/** So much traffic that memory is more than that of a start. */
const loopedBytes = 2_000_000;
const shownMax = 5;

const shared = findShared(root);
if (shared === null) throw new Error('put the corpora in ../shared or name FLOODGATE_SHARED');
const corpora = path.join(shared, 'corpora');
const parts = process.argv.slice(2);
const names = globSync('**/*.{pcap,pcapng,cap}', { cwd: corpora })
  .sort()
  .filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)));
const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-scrub-'));
const output = path.join(folder, 'scrubbed.pcapng');
const sizes = new Map<string, number>();
let [files, messages, same, refused, values, left] = [0, 0, 0, 0, 0, 0];
try {
  for (const name of names) await compareOne(name);
  console.log(
    `${files} captures (${refused} more were not compared), ${messages} messages by tshark: ${same} captures the same; ${left} of ${values} values have eight bytes at their place`,
  );
  const largest = [...sizes].sort(([, a], [, b]) => b - a).slice(0, memoryCaptures);
  for (const [name] of largest) await compareMemory(name);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compareOne(name: string): Promise<void> {
  const file = path.join(corpora, name);
  let before: string[][];
  try {
    before = messagesBySharks(file);
    if (before.length === 0) return;
    await scrubInto(file, output);
  } catch (error) {
    console.log(`${name}: not compared: ${(error as Error).message.trim().split('\n').at(-1)}`);
    refused += 1;
    return;
  }
  files += 1;
  messages += before.length;
  sizes.set(name, before.length);
  const differences = differencesBySharks(before, messagesBySharks(output));
  if (differences.length === 0) same += 1;
  const found = valuesLeft(file, output);
  values += found.values;
  left += found.left.length;
  for (const line of [...differences.slice(0, shownMax), ...found.left.slice(0, shownMax)])
    console.log(`${name}: ${line}`);
  if (differences.length > shownMax) console.log(`${name}: ${differences.length} differences in all`);
  if (found.left.length > shownMax) console.log(`${name}: ${found.left.length} values in all`);
}

async function compareMemory(name: string): Promise<void> {
  const file = path.join(corpora, name);
  await scrubInto(file, output);
  const loops = Math.max(1, Math.ceil(loopedBytes / Math.max(1, readFileSync(file).length)));
  const [was, is] = [file, output].map((each) => run(each, loops)) as [RunReport | undefined, RunReport | undefined];
  if (!was || !is) {
    console.log(`${name}: the agent could not be run on it`);
    return;
  }
  const words = ['rss.max', 'rss.mean', 'heap.peakBeforeGc', 'allocated.bytes'].map((metric) => {
    const [a, b] = [was, is].map(({ figures }) => figures.find((each) => each.name === metric)?.value ?? Number.NaN);
    return `${metric} ${(a! / 1e6).toFixed(1)} MB, ${(((b! - a!) / a!) * 100).toFixed(1)} %`;
  });
  console.log(`memory: ${name} ${loops} times: ${words.join('; ')}`);
}

function run(file: string, loops: number): RunReport | undefined {
  const out = path.join(folder, 'run');
  const words = ['run', file, '--loop', String(loops), '--lane', 'exact', '--agent-until', 'witnesses', '--no-explain'];
  spawnSync(process.execPath, [path.join(root, 'bin/floodgate'), ...words, '--out', out], { stdio: 'ignore' });
  try {
    return JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8')) as RunReport;
  } catch {
    return undefined;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
