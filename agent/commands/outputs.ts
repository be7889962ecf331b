/** Everything a capture writes: opened together, looked after together, closed together. */
import { type Agent, MessageFan } from '../agent.ts';
import type { BodyDiscard } from '../body/body-discard.ts';
import type { BodyStage } from '../body/body-stage.ts';
import { randomWords } from '../capture/sys/random-words.ts';
import { FloodgateError } from '../errors.ts';
import type { ExchangeFilter } from '../filter/exchange-filter.ts';
import type { OwnTraffic } from '../filter/own-traffic.ts';
import type { MessageHandler } from '../http/message-handler.ts';
import type { AgentLimits } from '../limits.ts';
import type { ExchangeSampler, WeighedBuilder } from '../overload/exchange-sampler.ts';
import { type OverloadMark, unmarked } from '../overload/mark.ts';
import type { ExchangeLines } from '../sinks/exchange-lines.ts';
import type { HarFile } from '../sinks/har-file.ts';
import { OutputFile } from '../sinks/output-file.ts';
import type { RecordOutput } from '../sinks/record-output.ts';
import type { WitnessFile, WitnessTarget } from '../sinks/witness-file.ts';
import type { Stage } from '../stage.ts';
import { type Counters, StatsFile } from '../stats.ts';
import type { Obfuscator } from '../witness/obfuscation.ts';
import { type CaptureFlags, lastStage } from './capture-options.ts';
import type { OpenedUpload } from './delivery.ts';
import { nowMs } from './monotonic-clock.ts';
import { report } from './notices.ts';

/** One of several threads that capture: it has no files of its own. */
export interface CapturingThread {
  readonly index: number;
  readonly count: number;
  /** Whether `--print` goes to a terminal, which the leading thread knows. */
  readonly colours: boolean;
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
  /** Chooses of which exchanges witnesses are made, under overload; null where none are, or nothing hurries. */
  sampler: ExchangeSampler | null = null;
  /** What is left out at a moment: nothing, unless the agent watches its load. */
  overloadMark: () => OverloadMark = () => unmarked;
  /** Null where none is left out. */
  ownTraffic: OwnTraffic | null = null;
  #openFilter: ((agent: Agent, inner: MessageHandler) => ExchangeFilter) | null = null;
  #discard: BodyDiscard | null = null;
  #printOutput: RecordOutput | null = null;
  #witnessOutput: RecordOutput | null = null;
  readonly #statsOutput: OutputFile | null;
  readonly #flags: CaptureFlags;
  readonly #limits: AgentLimits;
  readonly #version: string;
  readonly #nowMs: () => number;
  readonly #thread: CapturingThread | null;
  readonly #openers: ((agent: Agent) => MessageHandler)[] = [];

  /** @param thread where this is one of several capturing threads. @default null */
  constructor(
    flags: CaptureFlags,
    limits: AgentLimits,
    version: string,
    thread: CapturingThread | null = null,
    clock: () => number = nowMs,
  ) {
    this.#flags = flags;
    this.#nowMs = clock;
    this.#thread = thread;
    this.#limits = limits;
    this.#version = version;
    this.messages = flags.messages === undefined ? null : this.#openRecords(flags.messages);
    this.#statsOutput = flags.stats === undefined ? null : new OutputFile(flags.stats);
    const asLines = flags.statsIntervalMs !== undefined || flags.lockstep === true;
    this.stats = this.#statsOutput === null ? null : new StatsFile(this.#statsOutput, asLines);
  }

  #openRecords(path: string): RecordOutput {
    return this.#thread === null ? new OutputFile(path) : this.#thread.open(path);
  }

  get until(): Stage {
    return lastStage(this.#flags);
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
    this.#openFilter = await openFilter(flags, this.#limits, this.ownTraffic);
  }

  async #openPrint(): Promise<void> {
    const { ExchangeLines, waitingMax } = await import('../sinks/exchange-lines.ts');
    const output = this.#openRecords('-');
    this.#printOutput = output;
    this.lines = new ExchangeLines({
      write: (text) => output.write(text),
      obfuscator: await this.#obfuscator(),
      colours: this.#thread?.colours ?? isPrintColoured(),
      waitingMax: Math.ceil(waitingMax / (this.#thread?.count ?? 1)),
    });
    this.#openers.push(() => this.lines!);
  }

  async #openUpload(upload: string): Promise<void> {
    if (this.until !== 'witnesses') throw nothingToUpload(`--until ${this.until} makes no witnesses to --upload`);
    const { openUpload } = await import('./delivery.ts');
    this.upload = await openUpload({ ...this.#flags, upload }, this.#limits, this.ownTraffic, {
      nowMs: this.#nowMs,
      overload: () => this.overloadMark(),
      report,
    });
  }

  async #openMessages(): Promise<void> {
    const { MessageLines } = await import('../sinks/message-lines.ts');
    const obfuscator = await this.#obfuscator();
    // Streams have numbers of their own in each thread: the thread's number distinguishes them.
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
        nowMs: this.#nowMs,
      });
      return this.har;
    });
  }

  async #openDiscard(bodies: BodyStage): Promise<void> {
    const { BodyDiscard } = await import('../body/body-discard.ts');
    const { decodedBytesMax } = this.#limits.witness.body;
    const discard = new BodyDiscard(bodies.decoders, decodedBytesMax);
    this.#discard = discard;
    this.#openers.push(() => discard);
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
      new ValueSealer(obfuscator, this.#limits.witness.body, this.#limits.sealedIdleBytesMax),
    );
    bodies.witnesses = builder;
    if (this.#flags.interface === undefined) this.#openers.push(() => builder);
    else await this.#openSampler(builder);
  }

  /** What is captured live comes whether anybody keeps up or not. */
  async #openSampler(builder: WeighedBuilder): Promise<void> {
    const { ExchangeSampler } = await import('../overload/exchange-sampler.ts');
    const [low, high] = randomWords(2);
    const sampler = new ExchangeSampler(builder, [low! | 0, high! | 0], this.#limits.tcp.streamsMax);
    this.sampler = sampler;
    this.#openers.push(() => sampler);
  }

  /** File, upload, both, or null for none. */
  #witnessTarget(): WitnessTarget | null {
    const file = this.#witnessOutput;
    const upload = this.upload?.upload;
    if (upload === undefined) return file;
    return {
      writeBytes: (bytes, start, end) => {
        file?.writeBytes(bytes, start, end);
        upload.add(bytes, start, end);
      },
      writePieces: (each, length) => {
        file?.writePieces(each, length);
        upload.addPieces(each, length);
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

  /** @returns whether the reader is gone. @throws FloodgateError of the first output that failed. */
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
    if (this.#discard !== null) add('discard', this.#discard.counters);
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

  /** After `close`. @throws FloodgateError where witnesses that were to be uploaded are lost. */
  async requireDelivered(): Promise<void> {
    if (this.upload !== null) (await import('./delivery.ts')).requireDelivered(this.upload.upload);
  }

  /**
   * All but the statistics, which have the last word.
   * @param notDecoded the last line of `--print`, null for none
   */
  async close(drainMs: number, notDecoded: string | null): Promise<void> {
    this.messages?.close();
    this.har?.close();
    this.lines?.close();
    if (notDecoded !== null) this.#printOutput?.write(`${notDecoded}\n`);
    this.#printOutput?.close();
    this.#witnessOutput?.close();
    await this.upload?.upload.drain(drainMs);
    this.upload?.close();
  }
}

/** Standard output is a terminal, and NO_COLOR is not set. */
export const isPrintColoured = () => process.stdout.isTTY === true && !process.env.NO_COLOR;

function nothingToUpload(message: string): FloodgateError {
  return new FloodgateError('nothing-to-upload', message, { hint: 'give --upload a URL, and leave --until out' });
}
