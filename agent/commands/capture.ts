/** The capturing agent: options in, its parts opened in the order of their privileges, run, closed whatever happened. */
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { Agent } from '../agent.ts';
import type { CaptureStats, FrameSource } from '../capture/frame-source.ts';
import { openSource } from '../capture/open.ts';
import { mapPages } from '../capture/sys/page-memory.ts';
import { dropPrivileges } from '../capture/sys/privileges.ts';
import { type AgentLimits, deriveLimits, limitTable } from '../limits.ts';
import { Governor } from '../observe/governor.ts';
import { collectGarbage, heapShare, processGauges } from '../observe/process-memory.ts';
import { MessageLines } from '../sinks/message-lines.ts';
import { OutputFile } from '../sinks/output-file.ts';
import { dropShare, StatsFile } from '../stats.ts';
import { TcpLayer } from '../tcp/tcp.ts';
import { inferringTyper } from '../witness/infer.ts';
import type { CaptureFlags } from './capture-options.ts';

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
const tell = (line: string) => process.stderr.write(`${line}\n`);

/** @throws FloodgateError when it cannot run or cannot go on. */
export async function runCapture(flags: CaptureFlags): Promise<void> {
  boundYoungGeneration();
  const limits = limitsOf(flags);
  const outputs = new Map<string, OutputFile>();
  const output = (path: string | undefined) => {
    if (path === undefined) return null;
    const file = new OutputFile(path);
    outputs.set(path, file);
    return file;
  };
  const source = openCapture(flags);
  try {
    const messages = output(flags.messages);
    const statsOutput = output(flags.stats);
    const stats = statsOutput === null ? null : new StatsFile(statsOutput, flags.statsIntervalMs !== undefined);
    const agent = openAgent(flags, limits, source, messages);
    const governor = govern(limits, agent);
    const counters = () => ({ ...agent.counters(), ...governor.snapshot(), ...processGauges() });
    tell(limitTable(limits));
    // Devices and output files are open by now: what is parsed from here on is whatever the network sends.
    const told = flags.interface ? dropPrivileges(flags.user ?? null) : null;
    if (told !== null) tell(told);
    const timer =
      stats !== null && flags.statsIntervalMs !== undefined
        ? setInterval(() => stats.sample(Date.now(), counters()), flags.statsIntervalMs)
        : undefined;
    const onSignal = () => agent.stop();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
    if (flags.interface) tell(`capturing on ${flags.interface.join(', ')}`);
    try {
      await agent.run(() => {
        governor.check();
        const outputIsGone = messages?.closedByReader === true && outputs.size === 1;
        if (outputIsGone) agent.stop();
        for (const file of outputs.values()) if (file.failure !== null) throw file.failure;
      });
    } finally {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, onSignal);
      clearInterval(timer);
      agent.finish();
      messages?.close();
      stats?.final(Date.now(), counters(), source.stats());
      tellDrops(source.stats());
    }
    for (const file of outputs.values()) if (file.failure !== null) throw file.failure;
  } finally {
    source.close();
  }
}

/**
 * V8's young generation grows to three times 16 MiB by default, all of it resident: more than everything the agent
 * itself holds. 2 MiB costs a tenth of the time with witnesses, nothing without (measured on `steady`).
 */
function boundYoungGeneration(): void {
  setFlagsFromString('--max-semi-space-size=2');
  setFlagsFromString('--semi-space-growth-factor=1');
}

function limitsOf(flags: CaptureFlags): AgentLimits {
  return deriveLimits({
    memoryBytes: flags.memory,
    ceilingBytes: flags.memoryCeiling,
    pages: flags.pages,
    pagesPerConnection: flags.pagesPerConnection,
    streams: flags.streams,
    streamTimeoutSeconds: flags.streamTimeoutSeconds,
    httpLengthMax: flags.maxHttpLength,
    decodedLengthMax: flags.maxDecodedLength,
    ackSlackPackets: flags.ackSlack,
  });
}

function openCapture(flags: CaptureFlags): FrameSource {
  return openSource({
    read: flags.read ?? null,
    interfaces: flags.interface ?? [],
    filter: flags.filter ?? null,
    promiscuous: flags.promiscuous,
    direction: flags.direction,
    ...(flags.snapLength === undefined ? {} : { snapLength: flags.snapLength }),
    ...(flags.ringSize === undefined ? {} : { ringBytes: flags.ringSize }),
    onNotice: tell,
  });
}

function openAgent(flags: CaptureFlags, limits: AgentLimits, source: FrameSource, messages: OutputFile | null): Agent {
  const seed = randomBytes(8);
  return new Agent({
    source,
    limits,
    pageMemory: mapPages(TcpLayer.bytesFor(limits.tcp).pages),
    until: flags.until ?? 'http',
    messageHandlers: (streamId) => (messages === null ? [] : [new MessageLines(messages, streamId)]),
    witnessHandler: { witness() {} },
    typer: inferringTyper,
    hashSeed: [seed.readUInt32LE(0), seed.readUInt32LE(4)],
    nowUs: (flags.interface ?? []).length > 0 ? () => Date.now() * 1000 : null,
  });
}

function govern(limits: AgentLimits, agent: Agent): Governor {
  const names = ['sheds nothing', 'refuses new streams', 'sheds out-of-order data', 'sheds bodies'];
  return new Governor({
    ceilingBytes: limits.ceilingBytes,
    nowMs: () => performance.now(),
    residentBytes: () => process.memoryUsage.rss(),
    heapShare,
    collect: collectGarbage,
    apply: (level) => {
      tell(`memory: ${megabytes(process.memoryUsage.rss())} of ${megabytes(limits.ceilingBytes)}: ${names[level]}`);
      agent.setPressure(level);
    },
  });
}

/** Per interface: what the kernel could not hand over, as a share of what passed. */
function tellDrops(interfaces: readonly CaptureStats[]): void {
  for (const one of interfaces) {
    if (one.framesDropped === null || one.framesDropped === 0) continue;
    const share = (dropShare(one)! * 100).toFixed(2);
    tell(`${one.name}: the kernel dropped ${one.framesDropped} frames (${share} %); a larger --ring-size may help`);
  }
}
