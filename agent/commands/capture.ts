/** The capturing agent: options in, its parts opened in the order of their privileges, run, closed whatever happened. */
import { setFlagsFromString } from 'node:v8';
import { Agent, MessageFan } from '../agent.ts';
import type { BodyStage } from '../body/body-stage.ts';
import type { PageCredit } from '../bounded/page-credit.ts';
import type { CaptureStats, FrameSource } from '../capture/frame-source.ts';
import { openSource } from '../capture/open.ts';
import { releaseExecutablePages } from '../capture/sys/executable-pages.ts';
import { mapPages } from '../capture/sys/page-memory.ts';
import { dropPrivileges } from '../capture/sys/privileges.ts';
import { randomWords } from '../capture/sys/random-words.ts';
import { FloodgateError } from '../errors.ts';
import type { ExchangeFilter } from '../filter/exchange-filter.ts';
import type { OwnTraffic } from '../filter/own-traffic.ts';
import type { MessageHandler } from '../http/message-handler.ts';
import { type AgentLimits, deriveLimits, type LimitOptions, limitTable } from '../limits.ts';
import { Governor } from '../observe/governor.ts';
import type { ObserveServer } from '../observe/observe-server.ts';
import { collectGarbage, heapShare, processGauges } from '../observe/process-memory.ts';
import type { ExchangeLines } from '../sinks/exchange-lines.ts';
import type { HarFile } from '../sinks/har-file.ts';
import { OutputFile } from '../sinks/output-file.ts';
import type { RecordOutput } from '../sinks/record-output.ts';
import type { WitnessFile } from '../sinks/witness-file.ts';
import type { Stage } from '../stage.ts';
import { type Counters, dropShare, StatsFile } from '../stats.ts';
import { Pressure } from '../tcp/limits.ts';
import { TcpLayer } from '../tcp/tcp.ts';
import type { Obfuscator } from '../witness/obfuscation.ts';
import type { CaptureFlags } from './capture-options.ts';
import type { OpenedUpload } from './delivery.ts';

/** Memory of sealed bodies kept for the next ones: in `agent/limits.ts` under sealing. */
const sealedIdleBytesMax = 1 << 19;

export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
/** Monotonic; `performance` takes 5 ms to load. */
export const nowMs = () => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
};
export const tell = (line: string) => process.stderr.write(`${line}\n`);

/** @throws FloodgateError when it cannot run or cannot go on. */
export async function runCapture(flags: CaptureFlags, version: string): Promise<void> {
  boundYoungGeneration();
  if ((flags.workers ?? 1) > 1) {
    const { runWorkers } = await import('./capture-workers.ts');
    return await runWorkers(flags, version);
  }
  const limits = deriveLimits(limitOptions(flags));
  const source = openCapture(flags, limits);
  try {
    const outputs = new Outputs(flags, limits, version);
    await outputs.open();
    const agent = openAgent(flags, limits, source, outputs);
    const governor = govern(limits, agent, outputs);
    const counters = () => ({
      ...agent.counters(),
      ...outputs.counters(),
      ...governor.snapshot(),
      ...processGauges(),
    });
    tell(limitTable(limits));
    const read = () => ({ counters: counters(), interfaces: source.stats() });
    const server = await openObserve(flags, read, outputs.ownTraffic);
    // Devices, ports and output files are open by now: what is parsed from here on is whatever the network sends.
    const told = flags.interface ? dropPrivileges(flags.user ?? null, (uid, gid) => outputs.giveTo(uid, gid)) : null;
    if (told !== null) tell(told);
    const timer =
      flags.statsIntervalMs === undefined
        ? undefined
        : setInterval(() => outputs.stats?.sample(Date.now(), counters()), flags.statsIntervalMs);
    // Once, and to the end: a first signal while files are closed leaves none half written, a second always ends at once.
    const onSignal = () => agent.stop();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
    // Everything is loaded: what start-up alone needed can go.
    releaseExecutablePages();
    if (flags.interface) tell(`capturing on ${flags.interface.join(', ')}`);
    let drainMs = 0;
    try {
      outputs.upload?.upload.start();
      await agent.run(() => {
        governor.check();
        if (outputs.check()) agent.stop();
      });
      drainMs = flags.uploadDrainMs;
    } finally {
      clearInterval(timer);
      agent.finish();
      await outputs.close(drainMs);
      outputs.stats?.final(Date.now(), counters(), source.stats());
      tellDrops(source.stats());
      server?.close();
    }
    outputs.check();
  } finally {
    source.close();
  }
}

/** One of several threads that capture: it has no files of its own. */
export interface CapturingThread {
  readonly index: number;
  readonly count: number;
  readonly open: (path: string) => RecordOutput;
}

/**
 * Everything written while capturing: opened together, looked after together. What a run does not ask for is not loaded:
 * all of it takes a tenth of a second and some MB.
 */
export class Outputs {
  readonly messages: RecordOutput | null;
  readonly stats: StatsFile | null;
  /** Null where nothing looks into bodies. */
  bodies: BodyStage | null = null;
  har: HarFile | null = null;
  witnesses: WitnessFile | null = null;
  filter: ExchangeFilter | null = null;
  lines: ExchangeLines | null = null;
  upload: OpenedUpload | null = null;
  /** Null where none is left out. */
  ownTraffic: OwnTraffic | null = null;
  #openFilter: ((agent: Agent, inner: MessageHandler) => ExchangeFilter) | null = null;
  #printOutput: OutputFile | null = null;
  #witnessOutput: RecordOutput | null = null;
  readonly #statsOutput: OutputFile | null;
  readonly #flags: CaptureFlags;
  readonly #limits: AgentLimits;
  readonly #version: string;
  readonly #thread: CapturingThread | null;
  readonly #openers: ((agent: Agent) => MessageHandler)[] = [];

  /** @param thread where this is one of several capturing threads. @default null */
  constructor(flags: CaptureFlags, limits: AgentLimits, version: string, thread: CapturingThread | null = null) {
    this.#flags = flags;
    this.#thread = thread;
    this.#limits = limits;
    this.#version = version;
    this.messages = flags.messages === undefined ? null : this.#openRecords(flags.messages);
    this.#statsOutput = flags.stats === undefined ? null : new OutputFile(flags.stats);
    const asLines = flags.statsIntervalMs !== undefined;
    this.stats = this.#statsOutput === null ? null : new StatsFile(this.#statsOutput, asLines);
  }

  #openRecords(path: string): RecordOutput {
    return this.#thread === null ? new OutputFile(path) : this.#thread.open(path);
  }

  get until(): Stage {
    const { until, upload, witnesses } = this.#flags;
    return until ?? (witnesses === undefined && upload === undefined ? 'http' : 'witnesses');
  }

  /** Opens what takes messages as they flow. */
  async open(): Promise<void> {
    const { har, messages, print, spool, upload } = this.#flags;
    await this.#openFilterIfAsked();
    if (this.until === 'bodies' || this.until === 'witnesses' || har !== undefined) {
      const { BodyStage } = await import('../body/body-stage.ts');
      this.bodies = new BodyStage(this.#limits);
    }
    if (messages !== undefined) await this.#openMessages();
    if (print) await this.#openPrint();
    if (har !== undefined) await this.#openHar(har, this.bodies!);
    if (upload !== undefined) await this.#openUpload(upload);
    else if (spool !== undefined) throw nothingToUpload('--spool is of no use without --upload');
    if (this.until === 'bodies') await this.#openDiscard(this.bodies!);
    if (this.until === 'witnesses') await this.#openWitnesses(this.bodies!);
  }

  /** The opened ones. */
  handlers(agent: Agent): MessageHandler[] {
    const handlers = this.#openers.map((open) => open(agent));
    if (this.#openFilter === null) return handlers;
    this.filter = this.#openFilter(agent, new MessageFan(handlers));
    return [this.filter];
  }

  async #openFilterIfAsked(): Promise<void> {
    const flags = this.#flags;
    const { interface: interfaces, excludeOwn, upload, observeListen } = flags;
    if (interfaces !== undefined && excludeOwn && (upload !== undefined || observeListen !== undefined)) {
      const { OwnTraffic } = await import('../filter/own-traffic.ts');
      this.ownTraffic = new OwnTraffic();
    }
    const expressions = [flags.allowHost, flags.excludeHost, flags.allowPath, flags.excludePath];
    const isAsked = expressions.some((each) => each !== undefined) || flags.sample !== undefined;
    if (!isAsked && flags.rateLimit === undefined && this.ownTraffic === null) return;
    const { openFilter } = await import('./delivery.ts');
    this.#openFilter = openFilter(flags, this.#limits, this.ownTraffic);
  }

  async #openPrint(): Promise<void> {
    if (this.#flags.messages === '-') {
      throw new FloodgateError('two-on-standard-output', '--print and --messages - both write on standard output', {
        hint: 'give --messages a file, or leave one of them out',
      });
    }
    const { ExchangeLines } = await import('../sinks/exchange-lines.ts');
    const output = new OutputFile('-');
    this.#printOutput = output;
    this.lines = new ExchangeLines({
      write: (text) => output.write(text),
      obfuscator: await this.#obfuscator(),
      colours: process.stdout.isTTY === true && !process.env.NO_COLOR,
    });
    this.#openers.push(() => this.lines!);
  }

  async #openUpload(upload: string): Promise<void> {
    if (this.until !== 'witnesses') throw nothingToUpload(`--until ${this.until} makes no witnesses to --upload`);
    const { openUpload } = await import('./delivery.ts');
    this.upload = await openUpload({ ...this.#flags, upload }, this.#limits, this.ownTraffic, { nowMs, tell });
  }

  async #openMessages(): Promise<void> {
    const { MessageLines } = await import('../sinks/message-lines.ts');
    const obfuscator = await this.#obfuscator();
    // Streams have numbers of their own in each thread: told apart by the thread's.
    const { index, count } = this.#thread ?? { index: 0, count: 1 };
    const idOf = (agent: Agent, stream: number) => agent.tcp.streamId(stream) * count - (count - 1) + index;
    this.#openers.push((agent) => new MessageLines(this.messages!, (stream) => idOf(agent, stream), obfuscator));
  }

  async #openHar(file: string, bodies: BodyStage): Promise<void> {
    const { HarFile, harLimits } = await import('../sinks/har-file.ts');
    const obfuscator = await this.#obfuscator();
    const { harBytesMax, witness } = this.#limits;
    this.#openers.push((agent) => {
      this.har = new HarFile(file, this.#version, {
        limits: harLimits(harBytesMax, witness.body.decodedBytesMax),
        decoders: bodies.decoders,
        obfuscator,
        describe: (stream, out) => agent.tcp.describe(stream, out),
        nowMs,
      });
      return this.har;
    });
  }

  async #openDiscard(bodies: BodyStage): Promise<void> {
    const { BodyDiscard } = await import('../body/body-discard.ts');
    const { decodedBytesMax } = this.#limits.witness.body;
    this.#openers.push(() => new BodyDiscard(bodies.decoders, decodedBytesMax));
  }

  async #openWitnesses(bodies: BodyStage): Promise<void> {
    const { witnesses } = this.#flags;
    const { digestsMax } = this.#limits;
    const { WitnessBuilder } = await import('../witness/witness-builder.ts');
    const { inferringTyper } = await import('../witness/infer.ts');
    const { WitnessFile } = await import('../sinks/witness-file.ts');
    const { DigestMemory } = await import('../digest/dedup.ts');
    const { ValueSealer } = await import('../encode/value-sealer.ts');
    const obfuscator = await this.#obfuscator();
    const { depthMax } = this.#limits.witness.body;
    this.#witnessOutput = witnesses === undefined ? null : this.#openRecords(witnesses);
    this.witnesses = new WitnessFile({
      output: this.#witnessTarget(),
      obfuscator,
      seen: digestsMax > 0 ? new DigestMemory(digestsMax) : null,
    });
    const builder = new WitnessBuilder(
      this.#limits.witness,
      bodies,
      inferringTyper,
      this.witnesses,
      new ValueSealer(obfuscator, depthMax, sealedIdleBytesMax),
    );
    bodies.witnesses = builder;
    this.#openers.push(() => builder);
  }

  /** File, upload, both, or null for none. */
  #witnessTarget(): Pick<RecordOutput, 'writeBytes'> | null {
    const file = this.#witnessOutput;
    const upload = this.upload?.upload;
    if (upload === undefined) return file;
    return {
      writeBytes: (bytes) => {
        file?.writeBytes(bytes);
        upload.add(bytes);
      },
    };
  }

  /** Each with a key of its own, where it hashes: two outputs then cannot be joined by their hashes. */
  async #obfuscator(): Promise<Obfuscator> {
    const { Obfuscator } = await import('../witness/obfuscation.ts');
    const mode = this.#flags.obfuscate;
    const key = new Uint8Array(32);
    return new Obfuscator(mode, mode === 'hash' ? crypto.getRandomValues(key) : key);
  }

  /** @returns whether nobody reads any more. @throws FloodgateError of the first output that failed. */
  check(): boolean {
    const { messages, har } = this;
    har?.tick();
    this.upload?.upload.tick();
    this.#printOutput?.flush();
    const files = [messages, har, this.#printOutput, this.#witnessOutput, this.#statsOutput];
    const failure: FloodgateError | null = files.find((file) => file?.failure)?.failure ?? null;
    if (failure !== null) throw failure;
    const isUnread = messages?.closedByReader === true || this.#printOutput?.closedByReader === true;
    return isUnread && har === null && this.witnesses === null && this.stats === null;
  }

  counters(): Counters {
    const counters: Counters = {};
    const add = (prefix: string, from: object) => {
      for (const [name, value] of Object.entries(from)) counters[`${prefix}.${name}`] = value as number;
    };
    if (this.har !== null) add('har', { ...this.har.counters, heldBytes: this.har.heldBytes });
    if (this.witnesses !== null) add('witnessFile', this.witnesses.counters);
    if (this.filter !== null) add('filter', this.filter.counters);
    if (this.lines !== null) add('print', this.lines.counters);
    if (this.upload !== null) add('upload', this.upload.upload.snapshot());
    return counters;
  }

  /** What is opened only later must be open to who the agent runs as then. */
  giveTo(uid: number, gid: number): void {
    this.upload?.disk?.giveTo(uid, gid);
  }

  /** All but the statistics, which have the last word. */
  async close(drainMs: number): Promise<void> {
    this.messages?.close();
    this.har?.close();
    this.lines?.close();
    this.#printOutput?.close();
    this.#witnessOutput?.close();
    await this.upload?.upload.drain(drainMs);
    this.upload?.close();
  }
}

function nothingToUpload(message: string): FloodgateError {
  return new FloodgateError('nothing-to-upload', message, { hint: 'give --upload a URL, and leave --until out' });
}

/**
 * V8's young generation grows to three times 16 MiB by default, all of it resident: more than everything the agent
 * itself holds. 2 MiB costs a tenth of the time with witnesses, nothing without (measured on `steady`).
 */
export function boundYoungGeneration(): void {
  setFlagsFromString('--max-semi-space-size=2');
  setFlagsFromString('--semi-space-growth-factor=1');
}

export function limitOptions(flags: CaptureFlags): LimitOptions {
  return {
    memoryBytes: flags.memory,
    ceilingBytes: flags.memoryCeiling,
    pages: flags.pages,
    pagesPerConnection: flags.pagesPerConnection,
    streams: flags.streams,
    streamTimeoutSeconds: flags.streamTimeoutSeconds,
    httpLengthMax: flags.maxHttpLength,
    decodedLengthMax: flags.maxDecodedLength,
    ackSlackPackets: flags.ackSlack,
    rings: new Set(flags.interface ?? []).size,
    ringBytes: flags.ringSize,
    dedup: flags.dedup,
    upload: flags.upload !== undefined,
  };
}

/** @param fanoutGroup of the first interface, where several threads share the traffic; the others' follow */
export function openCapture(flags: CaptureFlags, limits: AgentLimits, fanoutGroup: number | null = null): FrameSource {
  return openSource({
    read: flags.read ?? null,
    interfaces: flags.interface ?? [],
    filter: flags.filter ?? null,
    promiscuous: flags.promiscuous,
    direction: flags.direction,
    ...(flags.snapLength === undefined ? {} : { snapLength: flags.snapLength }),
    ...(limits.ringBytes === 0 ? {} : { ringBytes: limits.ringBytes }),
    fanout: fanoutGroup === null ? null : { group: fanoutGroup, mode: 'hash' },
    onNotice: tell,
  });
}

export function openAgent(
  flags: CaptureFlags,
  limits: AgentLimits,
  source: FrameSource,
  outputs: Outputs,
  pageCredit: PageCredit | null = null,
): Agent {
  const [low, high] = randomWords(2);
  return new Agent({
    source,
    limits,
    pageMemory: mapPages(TcpLayer.bytesFor(limits.tcp).pages),
    pageCredit,
    until: outputs.until,
    messageHandlers: (agent) => outputs.handlers(agent),
    bodies: outputs.bodies,
    hashSeed: [low!, high!],
    nowUs: (flags.interface ?? []).length > 0 ? () => Date.now() * 1000 : null,
  });
}

export function tellPressure(ceilingBytes: number, level: Pressure): void {
  const names = ['sheds nothing', 'refuses new streams', 'sheds out-of-order data', 'sheds bodies'];
  tell(`memory: ${megabytes(process.memoryUsage.rss())} of ${megabytes(ceilingBytes)}: ${names[level]}`);
}

function govern(limits: AgentLimits, agent: Agent, outputs: Outputs): Governor {
  return new Governor({
    ceilingBytes: limits.ceilingBytes,
    nowMs,
    residentBytes: () => process.memoryUsage.rss(),
    heapShare,
    collect: collectGarbage,
    apply: (level) => {
      tellPressure(limits.ceilingBytes, level);
      agent.setPressure(level);
      if (outputs.har !== null) outputs.har.shedBodies = level >= Pressure.shedBodies;
    },
  });
}

export async function openObserve(
  flags: CaptureFlags,
  read: () => { counters: Counters; interfaces: readonly CaptureStats[] },
  own: OwnTraffic | null,
): Promise<ObserveServer | null> {
  if (flags.observeListen === undefined) return null;
  const { ObserveServer } = await import('../observe/observe-server.ts');
  const server = await ObserveServer.open(flags.observeListen, read);
  if (own !== null) (await import('./delivery.ts')).addListener(own, server.address);
  tell(`metrics on ${server.url}/metrics, profiles on ${server.url}/debug/pprof/`);
  return server;
}

/** Per interface: what the kernel could not hand over, as a share of what passed. Sources that cannot know tell nothing. */
export function tellDrops(interfaces: readonly CaptureStats[]): void {
  for (const one of interfaces) {
    const { name, framesReceived, framesDropped } = one;
    if (framesDropped === null) continue;
    const share = `${(dropShare(one)! * 100).toFixed(2)} %`;
    const advice = framesDropped === 0 ? '' : '; a larger --ring-size may help';
    tell(`${name}: ${framesReceived} frames, ${framesDropped} dropped by the kernel (${share})${advice}`);
  }
}
