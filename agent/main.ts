/** `floodgate-agent`: options in, an agent out; prints errors and sets the exit code. */

import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Agent, type Stage, stages } from './agent.ts';
import type { FrameSource } from './capture/frame-source.ts';
import { openSource } from './capture/open.ts';
import { mapPages } from './capture/sys/page-memory.ts';
import { dropPrivileges } from './capture/sys/privileges.ts';
import { FloodgateError } from './errors.ts';
import { deriveLimits, runtimeBytes } from './limits.ts';
import { MessageLines } from './sinks/message-lines.ts';
import { OutputFile } from './sinks/output-file.ts';
import { StatsFile } from './stats.ts';
import { TcpLayer } from './tcp/tcp.ts';
import { stringData } from './witness/ir.ts';

interface Flags {
  read?: string;
  interface?: string[];
  filter?: string;
  snapLength?: number;
  ringSize?: number;
  promiscuous: boolean;
  direction: 'in' | 'out' | 'both';
  user?: string;
  memory?: number;
  pages?: number;
  pagesPerConnection?: number;
  streams?: number;
  streamTimeoutSeconds?: number;
  maxHttpLength?: number;
  maxDecodedLength?: number;
  ackSlack?: number;
  messages?: string;
  stats?: string;
  statsIntervalMs?: number;
  until?: Stage;
}

const sizeUnits: Record<string, number> = { '': 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 1024, mib: 1 << 20, gib: 1 << 30 };

function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = sizeUnits[(match?.[2] ?? '?').toLowerCase()];
  if (match === null || unit === undefined) throw new InvalidArgumentError('a size like 200MB or 64MiB');
  return Math.floor(Number(match[1]) * unit);
}

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 up');
  return value;
}

function parseSeconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 86_400)) throw new InvalidArgumentError('seconds, up to a day');
  return value;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function commandLine(): Command {
  return new Command('floodgate-agent')
    .description('Watches network interfaces, or reads a capture, and tells the HTTP traffic in it, in bounded memory.')
    .optionsGroup('Where frames come from:')
    .option('-r, --read <file>', 'a pcap or pcapng file; - for pcapng on standard input')
    .option('-i, --interface <name>', 'a network interface; may be repeated; any for all', collect)
    .option('-f, --filter <expression>', 'only frames that match, in the language of pcap-filter(7)')
    .option('--snap-length <bytes>', 'bytes kept of each frame', parseSize)
    .option('--ring-size <size>', 'kernel buffer of each interface', parseSize)
    .option('--no-promiscuous', 'only frames addressed to this host')
    .addOption(new Option('--direction <which>', 'frames seen').choices(['in', 'out', 'both']).default('both'))
    .option('--user <name>', 'who to run as once the interfaces are open (default, as root: nobody; root keeps root)')
    .optionsGroup('What it writes:')
    .option('--messages <file>', 'a JSON line for each HTTP message; - for standard output')
    .option('--stats <file>', 'every counter, at the end')
    .option('--stats-interval-ms <ms>', 'and one JSON line at this interval', parseCount)
    .addOption(
      new Option('--until <stage>', 'end the pipeline after this stage and discard what it delivers').choices(stages),
    )
    .optionsGroup('How much it may take:')
    .option('--memory <size>', 'the figure all limits are derived from (default: 200MB)', parseSize)
    .option('--pages <count>', 'pages of bytes waiting behind gaps, all interfaces together', parseCount)
    .option('--pages-per-connection <count>', 'of which one direction of one connection may hold', parseCount)
    .option('--streams <count>', 'connections watched at one time', parseCount)
    .option('--stream-timeout-seconds <seconds>', 'how long a gap is waited for', parseSeconds)
    .option('--ack-slack <packets>', 'packets to wait after the receiver acknowledged bytes not seen', parseCount)
    .option('--max-http-length <size>', 'body bytes read of one message', parseSize)
    .option('--max-decoded-length <size>', 'the same after decompression', parseSize)
    .addHelpText(
      'after',
      `
Examples:
  floodgate-agent --read traffic.pcapng --messages -
  sudo floodgate-agent --interface eth0 --filter 'tcp port 80' --messages messages.jsonl --stats stats.json`,
    )
    .allowExcessArguments(false);
}

async function main(): Promise<void> {
  const flags = commandLine().parse().opts<Flags>();
  const limits = deriveLimits({
    memoryBytes: flags.memory,
    pages: flags.pages,
    pagesPerConnection: flags.pagesPerConnection,
    streams: flags.streams,
    streamTimeoutSeconds: flags.streamTimeoutSeconds,
    httpLengthMax: flags.maxHttpLength,
    decodedLengthMax: flags.maxDecodedLength,
    ackSlackPackets: flags.ackSlack,
  });
  const messages = flags.messages === undefined ? null : new OutputFile(flags.messages);
  const stats =
    flags.stats === undefined ? null : new StatsFile(new OutputFile(flags.stats), flags.statsIntervalMs !== undefined);
  const source = openSource({
    read: flags.read ?? null,
    interfaces: flags.interface ?? [],
    filter: flags.filter ?? null,
    promiscuous: flags.promiscuous,
    direction: flags.direction,
    ...(flags.snapLength === undefined ? {} : { snapLength: flags.snapLength }),
    ...(flags.ringSize === undefined ? {} : { ringBytes: flags.ringSize }),
    onNotice: (message) => process.stderr.write(`${message}\n`),
  });
  const seed = randomBytes(8);
  const agent = new Agent({
    source,
    limits,
    pageMemory: mapPages(TcpLayer.bytesFor(limits.tcp).pages),
    until: flags.until ?? 'http',
    messageHandlers: (streamId) => (messages === null ? [] : [new MessageLines(messages, streamId)]),
    witnessHandler: { witness() {} },
    typer: { string: stringData, text: stringData, number: (data) => data },
    hashSeed: [seed.readUInt32LE(0), seed.readUInt32LE(4)],
    nowUs: () => Date.now() * 1000,
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => agent.stop());
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  process.stderr.write(
    `memory: at most ${megabytes(limits.memoryBytesMax)} by its limits, beside ${megabytes(runtimeBytes)} of runtime\n`,
  );
  // Devices and output files are open by now: what is parsed from here on is whatever the network sends.
  const told = flags.interface ? dropPrivileges(flags.user ?? null) : null;
  if (told !== null) process.stderr.write(`${told}\n`);
  if (flags.interface) process.stderr.write(`capturing on ${flags.interface.join(', ')}\n`);
  const timer =
    stats !== null && flags.statsIntervalMs !== undefined
      ? setInterval(() => stats.sample(Date.now(), agent.counters()), flags.statsIntervalMs)
      : undefined;
  try {
    await agent.run();
  } finally {
    clearInterval(timer);
    agent.finish();
    messages?.close();
    stats?.final(Date.now(), agent.counters(), source.stats());
    reportDrops(source);
    source.close();
  }
}

function reportDrops(source: FrameSource): void {
  for (const { name, framesReceived, framesDropped } of source.stats()) {
    if (framesDropped === null || framesDropped === 0) continue;
    const share = (framesDropped / (framesReceived + framesDropped)) * 100;
    process.stderr.write(`${name}: the kernel dropped ${framesDropped} frames (${share.toFixed(2)} %)\n`);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof FloodgateError)) throw error;
  process.stderr.write(`floodgate-agent: ${error.message}\n  ${error.hint}\n`);
  process.exitCode = error.exitCode;
}
