/**
 * `npm run bench`: the agent beside the gopacket peer on the same captures, interleaved, medians of five.
 * Needs ../shared (or FLOODGATE_SHARED) for the generator and the peer's source, Go with gopacket for the peer,
 * and GNU time. What is missing is said and left out.
 *
 *   node bench/peers.bench.ts [--runs N] [--only steady,steady:1000,incident] [--levels tcp,headers,bodies,witnesses]
 *
 * `steady:1000` is the generator's steady traffic for 1,000 MB: what start-up and compiling weigh shows beside `steady`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureProcess, median, type Usage } from './measured-process.ts';

const root = path.resolve(import.meta.dirname, '..');
const shared = process.env.FLOODGATE_SHARED ?? path.resolve(root, '../shared');
// Kept between runs: a gigabyte of capture takes longer to make than to measure.
const work = process.env.FLOODGATE_BENCH_FOLDER ?? path.join(tmpdir(), 'floodgate-bench');

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: 'steady,steady:1000,ooo,loss,incident' },
    levels: { type: 'string', default: 'tcp,headers,bodies,witnesses' },
  },
});

/** The same depth of work on both sides. `target`: the ratio of MB per CPU second this project promises. */
const levels: Record<string, { ours: string[]; peer: string[]; target: number }> = {
  tcp: { ours: ['--until', 'tcp'], peer: ['-mode', 'reasm'], target: 2 },
  headers: { ours: ['--until', 'http'], peer: ['-mode', 'http', '-level', 'headers'], target: 3 },
  bodies: { ours: ['--until', 'bodies'], peer: ['-mode', 'http', '-level', 'gzip'], target: 3 },
  witnesses: { ours: ['--until', 'witnesses'], peer: ['-mode', 'http', '-level', 'json'], target: 1.5 },
};
// The incident of the article (docs/story.md) is measured with the original's own limits on the peer's side.
const incidentLimits = ['-maxconn', '4000', '-maxtotal', '150000'];

function captureOf(name: string): string {
  const [scenario, megabytes] = name.split(':');
  const file = path.join(work, `${name.replace(':', '-')}.pcap`);
  if (!existsSync(`${file}.truth.json`)) {
    process.stderr.write(`generating ${name} …\n`);
    const size = megabytes === undefined ? [] : ['--mb', megabytes];
    execFileSync(process.execPath, [path.join(shared, 'peers/genpcap.mjs'), scenario!, file, ...size], {
      stdio: 'ignore',
    });
  }
  return file;
}

function buildPeer(): string | null {
  const folder = path.join(work, 'peer');
  const binary = path.join(folder, 'gopeer');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(shared, 'peers/gopacket/main.go'), path.join(folder, 'main.go'));
  const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOPATH: '/usr/share/gocode' };
  const go = spawnSync('go', ['build', '-o', binary, 'main.go'], { cwd: folder, env, stdio: 'inherit' });
  if (go.status === 0) return binary;
  process.stderr.write('SKIPPED: the gopacket peer cannot be built (golang-go, golang-github-google-gopacket-dev)\n');
  return null;
}

const figure = (usages: readonly Usage[], pick: (usage: Usage) => number) => median(usages.map(pick));

async function main(): Promise<void> {
  if (!existsSync(path.join(shared, 'peers/genpcap.mjs'))) {
    process.stderr.write(`SKIPPED: no peers under ${shared}; set FLOODGATE_SHARED\n`);
    return;
  }
  mkdirSync(work, { recursive: true });
  const peer = buildPeer();
  const runs = Number(flags.runs);
  // The published agent, as bin/floodgate-agent starts it, without the starting Node.js: that is not what is compared.
  execFileSync(process.execPath, [path.join(root, 'bin/build.mjs')], { stdio: 'inherit' });
  const nodeArguments: string[] = JSON.parse(readFileSync(path.join(root, 'agent/node-arguments.json'), 'utf8'));
  const agent = [process.execPath, ...nodeArguments, path.join(root, 'dist/agent-bundle/main.js')];
  const agentEnvironment = { NODE_COMPILE_CACHE: path.join(root, 'node_modules/.cache/floodgate') };
  process.stdout.write(
    '| capture | to | ours MB/CPU s | peer MB/CPU s | ratio | target | ours peak MB | peer peak MB |\n|---|---|---|---|---|---|---|---|\n',
  );
  for (const name of flags.only.split(',')) {
    const file = captureOf(name);
    const megabytes = statSync(file).size / 1e6;
    for (const level of flags.levels.split(',')) {
      const { ours, peer: peerArguments, target } = levels[level]!;
      const limits = name === 'incident' ? incidentLimits : [];
      const commands = [
        [...agent, '--read', file, ...ours],
        peer === null ? null : [peer, ...peerArguments, ...limits, '-f', file],
      ];
      const usages: Usage[][] = [[], []];
      // Run 0 warms the page cache and is not counted.
      for (let run = 0; run <= runs; run += 1) {
        for (const [side, command] of commands.entries()) {
          if (command === null) continue;
          const usage = await measureProcess(command, side === 1 ? { GOMAXPROCS: '1' } : agentEnvironment);
          if (usage.exitCode !== 0)
            throw new Error(`${command.join(' ')} ended with ${usage.exitCode}\n${usage.errors}`);
          if (run > 0) usages[side]!.push(usage);
        }
      }
      const [mine, theirs] = usages.map((side) => megabytes / figure(side, (usage) => usage.cpuSeconds));
      const [minePeak, theirsPeak] = usages.map((side) => figure(side, (usage) => usage.peakRssBytes) / 1e6);
      const wanted = name === 'incident' ? Math.max(5, target) : target;
      const cells = [name, level, mine!.toFixed(0)];
      if (peer === null) cells.push('–', '–', `${wanted}`, minePeak!.toFixed(0), '–');
      else {
        cells.push(theirs!.toFixed(0), `${(mine! / theirs!).toFixed(2)} ×`, `${wanted} ×`);
        cells.push(minePeak!.toFixed(0), theirsPeak!.toFixed(0));
      }
      process.stdout.write(`| ${cells.join(' | ')} |\n`);
    }
  }
  process.stdout.write(
    `\n${runs} runs a side, interleaved; ${readFileSync('/proc/cpuinfo', 'utf8').match(/model name\s*: (.*)/)?.[1]}\n`,
  );
}

await main();
