/**
 * 10 GiB of JSON behind 10 MB of gzip, twenty responses of 10 MiB and four hundred plain exchanges, to witnesses:
 * `node bench/gzipbomb.bench.ts [--capture FILE]`. Needs ../shared (or FLOODGATE_SHARED) for the generator, which takes
 * half a minute, and GNU time. Exit code 1 when memory or a count is not what is promised.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gzipbombFigures, MEMORY_MAX_MB } from './gzipbomb.ts';

const shared = process.env.FLOODGATE_SHARED ?? path.resolve(import.meta.dirname, '../../shared');
const work = process.env.FLOODGATE_BENCH_FOLDER ?? path.join(tmpdir(), 'floodgate-bench');
const { values: flags } = parseArgs({ options: { capture: { type: 'string' } } });

const capture = flags.capture ?? path.join(work, 'gzipbomb.pcap');
if (!existsSync(`${capture}.truth.json`)) {
  const generator = path.join(shared, 'peers/genpcap.mjs');
  if (!existsSync(generator)) {
    process.stderr.write(`SKIPPED: no peers under ${shared}; set FLOODGATE_SHARED, or name a capture\n`);
    process.exit(0);
  }
  mkdirSync(work, { recursive: true });
  execFileSync(process.execPath, [generator, 'gzipbomb', capture], { stdio: 'ignore' });
}
const truth = JSON.parse(readFileSync(`${capture}.truth.json`, 'utf8')) as Record<string, number>;
const { peakMb, cpuSeconds, wallSeconds, witnesses, counters } = await gzipbombFigures(capture, []);
const whole = counters['witness.bodiesWhole'];
process.stdout.write(
  `${(truth.bomb_big_decoded! / 2 ** 30).toFixed(1)} GiB behind ${(truth.bomb_big_compressed! / 1e6).toFixed(1)} MB: ` +
    `peak ${peakMb.toFixed(0)} MB (at most ${MEMORY_MAX_MB}), ${cpuSeconds.toFixed(2)} CPU s, ${wallSeconds.toFixed(1)} s; ` +
    `${witnesses} of ${truth.responses} witnesses, ${whole} of ${truth.json_messages! - 21} other bodies whole\n`,
);
if (peakMb > MEMORY_MAX_MB || witnesses !== truth.responses || whole !== truth.json_messages! - 21)
  process.exitCode = 1;
