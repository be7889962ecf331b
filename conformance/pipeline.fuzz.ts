/**
 * Hostile captures through the whole agent, to `--until witnesses` and into every output at once: messages, HAR, printed
 * lines, witnesses. Nothing may throw or hang, every bound holds, nothing is left in use, and what was written is well formed.
 * `node conformance/pipeline.fuzz.ts SEED SECONDS` goes on that long; a fault names the seed of its round.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Agent } from '../agent/agent.ts';
import { FileSource } from '../agent/capture/file-source.ts';
import type { FrameSource } from '../agent/capture/frame-source.ts';
import { placePages } from '../agent/capture/sys/page-memory.ts';
import type { CaptureFlags } from '../agent/commands/capture-options.ts';
import { limitOptions, readGroup } from '../agent/commands/capture-parts.ts';
import { Outputs } from '../agent/commands/outputs.ts';
import { inspectWitnessFile } from '../agent/encode/inspected-fixture.ts';
import { FloodgateError } from '../agent/errors.ts';
import { mutate } from '../agent/http/http-layer.fuzz.ts';
import { type AgentLimits, deriveLimits } from '../agent/limits.ts';
import { createRandom } from '../agent/seeded-random.ts';
import { ExchangeLines } from '../agent/sinks/exchange-lines.ts';
import type { Counters } from '../agent/stats.ts';
import { Obfuscator } from '../agent/witness/obfuscation.ts';
import { OBFUSCATION_MODES } from '../agent/witness/obfuscation-mode.ts';
import { chooseFaults, FaultySource, GeneratedSource, generatedFrames, type Next } from './hostile-traffic.fuzz.ts';
import { findShared, readIndex } from './oracles.ts';

/** It has no types of its own. */
const { har: validateHar } = createRequire(import.meta.url)('har-validator') as {
  har: (har: object) => Promise<object>;
};

export interface PipelineTotals {
  rounds: number;
  frames: number;
  messages: number;
  entries: number;
  lines: number;
  witnesses: number;
}

/** Recorded captures above this take too long for one round. */
const captureBytesMax = 3_000_000;

/** Names of the captures of the corpora that are played; none without them. */
export function pipelineCaptures(shared: string | null): string[] {
  if (shared === null) return [];
  return readIndex(shared)
    .filter((row) => Number(row.get('bytes')) <= captureBytesMax && !row.get('file')!.endsWith('.gz'))
    .map((row) => join(shared, 'corpora', row.get('file')!));
}

/** One round. @param captures recorded ones, played in every second round @throws AssertionError at the first fault */
export async function fuzzPipeline(seed: number, captures: readonly string[], totals: PipelineTotals): Promise<void> {
  const next = createRandom(seed, 'fuzz').fraction;
  const folder = mkdtempSync(join(tmpdir(), 'floodgate-pipeline-'));
  try {
    const flags = chooseFlags(next, folder);
    const limits = deriveLimits(limitOptions(flags, readGroup(flags)));
    const source = new FaultySource(openSource(next, folder, captures), next, chooseFaults(next));
    const written = await run(next, flags, limits, source);
    totals.rounds += 1;
    totals.frames += source.frames;
    checkBounds(written.counters, limits);
    await checkOutputs(flags, written, totals);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every output at once, and limits tight enough to be reached. */
function chooseFlags(next: Next, folder: string): CaptureFlags {
  const among = <T>(...from: readonly T[]) => from[Math.floor(next() * from.length)]!;
  return {
    ...{ promiscuous: true, direction: 'both', excludeOwn: true, spoolMax: 1, dedup: next() < 0.3 },
    ...{ uploadCoding: 'zstd', uploadIntervalMs: 1, uploadTimeoutMs: 1, uploadDrainMs: 0 },
    ...{ messages: join(folder, 'messages'), har: join(folder, 'har'), witnesses: join(folder, 'witnesses') },
    obfuscate: among(...OBFUSCATION_MODES),
    memory: among(32e6, 64e6),
    pages: among(4, 64, 512),
    pagesPerConnection: among(1, 16),
    streams: among(2, 64, 1024),
    ackSlack: among(1, 64),
    maxHttpLength: among(10, 5000, 1e6),
    maxDecodedLength: among(100, 1e6),
  };
}

function openSource(next: Next, folder: string, captures: readonly string[]): FrameSource {
  if (captures.length === 0 || next() < 0.5) {
    return new GeneratedSource(generatedFrames(next, 1 + Math.floor(next() * 40)));
  }
  const path = captures[Math.floor(next() * captures.length)]!;
  if (next() < 0.6) return FileSource.open(path);
  const spoiled = join(folder, 'capture');
  writeFileSync(spoiled, mutate(next, readFileSync(path)));
  try {
    return FileSource.open(spoiled);
  } catch (thrown) {
    if (!(thrown instanceof FloodgateError)) throw thrown;
    return FileSource.open(path);
  }
}

interface Written {
  readonly counters: Counters;
  readonly lines: readonly string[];
  readonly lineCounters: ExchangeLines['counters'];
}

/** As `agent/commands/capture.ts` runs it, in this process. */
async function run(next: Next, flags: CaptureFlags, limits: AgentLimits, source: FrameSource): Promise<Written> {
  const outputs = new Outputs(flags, limits, '0.0.0');
  await outputs.open();
  const obfuscator = new Obfuscator(flags.obfuscate, new Uint8Array(32));
  const lines: string[] = [];
  const exchangeLines = new ExchangeLines({ write: (text) => lines.push(text), obfuscator, colours: false });
  const agent = new Agent({
    ...{
      source,
      limits,
      placePages,
      until: outputs.until,
      bodies: outputs.bodies,
      hashSeed: [1, 2],
      nowUs: null,
      nowMs: null,
    },
    messageHandlers: (agent) => [...outputs.handlers(agent), exchangeLines],
  });
  const pressured = next() < 0.3;
  try {
    await agent.run(() => {
      outputs.check();
      if (!pressured) return;
      const level = Math.floor(next() * 4) as Parameters<Agent['setPressure']>[0];
      agent.setPressure(level);
      outputs.har!.shedBodies = level === 3;
    });
  } catch (thrown) {
    // A capture that cannot be read any further: what came before it counts.
    if (!(thrown instanceof FloodgateError)) throw thrown;
  } finally {
    source.close();
  }
  agent.finish();
  exchangeLines.close();
  await outputs.close(0, null);
  outputs.check();
  const counters = { ...agent.counters(), ...outputs.counters() };
  return { counters, lines, lineCounters: exchangeLines.counters };
}

/** Gauges that must be back at nothing. */
const emptied = [
  ...['tcp.pagesInUse', 'tcp.streamsOpen', 'http.waitingRequests', 'har.heldBytes'],
  ...['body.decoderBytes', 'body.bufferBytes', 'witness.pending', 'witness.valueBytes'],
];

function checkBounds(counters: Counters, limits: AgentLimits): void {
  for (const name of emptied) assert.equal(counters[name], 0, name);
  const peaks: readonly [string, number][] = [
    ['tcp.pagesInUsePeak', limits.tcp.pagesMax],
    ['body.decoderBytesPeak', limits.decoderBytesMax],
    ['body.bufferBytesPeak', limits.bodyBufferBytesMax],
    ['witness.valueBytesPeak', limits.witness.totalBytesMax],
    ['http.headPoolBytes', limits.http.headPoolBytesMax],
  ];
  for (const [name, max] of peaks)
    assert((counters[name] ?? Number.NaN) <= max, `${name}: ${counters[name]} of ${max}`);
}

async function checkOutputs(flags: CaptureFlags, written: Written, totals: PipelineTotals): Promise<void> {
  const { counters, lines, lineCounters } = written;
  const messages = readFileSync(flags.messages!, 'utf8').split('\n').slice(0, -1);
  for (const line of messages) JSON.parse(line);
  assert.equal(messages.length, counters['http.requests']! + counters['http.responses']!, 'a line for each message');

  const har = JSON.parse(readFileSync(flags.har!, 'utf8')) as { log: { entries: unknown[] } };
  await validateHar(har).catch((thrown: { errors?: unknown }) => assert.fail(JSON.stringify(thrown.errors)));
  assert.equal(har.log.entries.length, counters['har.entries'], 'an entry for each one counted');
  if (counters['har.waitingEvicted'] === 0) {
    const exchanges = counters['http.requests']! + counters['har.responsesAlone']!;
    assert.equal(har.log.entries.length, exchanges, 'an entry for each request, and for each response without one');
  }

  assert.equal(lines.length, lineCounters.lines);
  assert.equal(lines.length, counters['http.requests']! + lineCounters.responsesAlone, 'a line for each exchange');
  for (const line of lines) assert.match(line, /^[^\p{C}\u2028\u2029]*\n$/u, 'nothing that drives a terminal');

  const witnesses = inspectWitnessFile(readFileSync(flags.witnesses!));
  assert.equal(witnesses.length, counters['witnessFile.written'], 'every witness is readable');
  for (const line of witnesses) {
    const { keys } = JSON.parse(line) as { keys: string };
    const [matching, all] = keys.split('/');
    assert.equal(matching, all, 'keyed by digests');
  }
  totals.messages += messages.length;
  totals.entries += har.log.entries.length;
  totals.lines += lines.length;
  totals.witnesses += witnesses.length;
}

export const noTotals = (): PipelineTotals => ({
  rounds: 0,
  frames: 0,
  messages: 0,
  entries: 0,
  lines: 0,
  witnesses: 0,
});

/** A round that never ends cannot say so itself: another thread does. */
function watch(secondsMax: number): { at: (seed: number) => void; end: () => void } {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const code = `const { workerData: { shared, secondsMax } } = require('node:worker_threads');
    for (let seed = -1; ; ) {
      const now = Atomics.load(shared, 0);
      if (now === seed) { process._rawDebug('hangs in round ' + seed); process.kill(process.pid, 'SIGKILL'); }
      seed = now;
      Atomics.wait(shared, 0, now, secondsMax * 1000);
    }`;
  const worker = new Worker(code, { eval: true, workerData: { shared, secondsMax } });
  return {
    at: (seed) => {
      Atomics.store(shared, 0, seed);
      Atomics.notify(shared, 0);
    },
    end: () => void worker.terminate(),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [first, seconds] = [Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 60)];
  const captures = pipelineCaptures(findShared(fileURLToPath(new URL('..', import.meta.url))));
  const totals = noTotals();
  const watchdog = watch(60);
  const end = performance.now() + seconds * 1000;
  for (let seed = first; performance.now() < end; seed++) {
    watchdog.at(seed);
    try {
      await fuzzPipeline(seed, captures, totals);
    } catch (cause) {
      watchdog.end();
      throw new Error(`round ${seed}`, { cause });
    }
    if (totals.rounds % 200 === 0) {
      const rss = Math.round(process.memoryUsage.rss() / 1e6);
      process.stdout.write(`round ${seed}: ${JSON.stringify(totals)}, RSS ${rss} MB\n`);
    }
  }
  watchdog.end();
  process.stdout.write(`ok: ${JSON.stringify(totals)}, ${captures.length} captures\n`);
}
