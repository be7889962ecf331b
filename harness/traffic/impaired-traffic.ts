/** Any traffic with impairments on its way, and with the truth about what is delivered of it. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import type { Impairment } from './impairments/impairment.ts';
import { MovingFrame } from './impairments/moving-frame.ts';
import { makesTraffic } from './impairments/parse.ts';
import { ScheduleReader, ScheduleWriter } from './impairments/schedule-file.ts';
import { ImpairmentStack } from './impairments/stack.ts';
import type { ImpairmentRecord, Phase, Traffic, Truth } from './traffic.ts';
import { MessageTruth } from './truth/message-truth.ts';

/** Plain data: which impairments, and where their choices come from. */
export interface ImpairOrder {
  /** Applied in this order; ignored with `replayFile`, which names its own. */
  readonly impairments: readonly Impairment[];
  /** 32 bits; of every random choice. */
  readonly seed: number;
  /** The only interface whose frames are impaired, where they are spread over several. @default all */
  readonly interfaceIndex?: number | undefined;
  /** A schedule that is applied as it was. */
  readonly replayFile?: string;
  /** Where the applied schedule is written. */
  readonly scheduleFile?: string;
}

export interface ImpairedTrafficOptions {
  readonly source: Traffic;
  readonly impair: ImpairOrder | undefined;
  /** Without impairments the traffic's own truth is kept where it has one. */
  readonly countsMessages: boolean;
}

export class ImpairedTraffic implements Traffic, FrameSink {
  readonly linkType: number;
  readonly framesExpected: number | undefined;
  readonly bytesExpected: number | undefined;
  readonly durationUs: number | undefined;
  readonly phases: readonly Phase[];
  readonly #source: Traffic;
  readonly #replay: ScheduleReader | undefined;
  readonly #writer: ScheduleWriter | undefined;
  readonly #stack: ImpairmentStack;
  readonly #truth: MessageTruth | undefined;
  readonly #isImpaired: boolean;
  readonly #frame = new MovingFrame();
  #target: FrameSink | undefined;
  #delivered = 0;
  #isFinished = false;

  /** @throws FloodgateError where a schedule cannot be read or written */
  constructor({ source, impair, countsMessages }: ImpairedTrafficOptions) {
    const { linkType, framesExpected, bytesExpected, durationUs, phases } = source;
    this.linkType = linkType;
    this.framesExpected = framesExpected;
    this.bytesExpected = bytesExpected;
    this.durationUs = durationUs;
    this.phases = phases;
    this.#source = source;
    this.#replay = impair?.replayFile === undefined ? undefined : new ScheduleReader(impair.replayFile);
    const impairments = this.#replay?.impairments ?? impair?.impairments ?? [];
    const seed = this.#replay?.seed ?? impair?.seed ?? 0;
    if (impair?.scheduleFile !== undefined) this.#writer = new ScheduleWriter(impair.scheduleFile, seed, impairments);
    this.#isImpaired = impairments.length > 0;
    this.#truth = countsMessages ? new MessageTruth(this.#isImpaired) : undefined;
    const replay = this.#replay;
    const writer = this.#writer;
    // What more hosts send is traffic, and the truth is about it.
    const own = impairments.filter(makesTraffic).length;
    this.#stack = new ImpairmentStack({
      impairments,
      seed,
      output: (frame) => this.#deliver(frame),
      onStage: this.#truth ? (stage, frame) => stage === own && this.#send(frame) : undefined,
      onChoice: writer && ((stage, place, choice) => writer.choice(stage, place, choice)),
      replay: replay && ((stage, place) => replay.choiceFor(stage, place)),
      interfaceIndex: impair?.interfaceIndex,
    });
  }

  get impairments(): readonly ImpairmentRecord[] {
    return [...this.#source.impairments, ...this.#stack.records];
  }

  read(sink: FrameSink, framesMax: number): number {
    this.#target = sink;
    const before = this.#delivered;
    if (this.#source.read(this, framesMax) >= 0) return this.#delivered - before;
    if (this.#isFinished) return -1;
    this.#isFinished = true;
    this.#stack.flush();
    this.#truth?.finish();
    this.#writer?.finish();
    this.#replay?.finish();
    return this.#delivered - before;
  }

  /** From the source. Hot path: without impairments a frame goes straight through. */
  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (!this.#isImpaired && !this.#writer && !this.#replay) {
      this.#truth?.sent(bytes, start, end);
      this.#delivered += 1;
      this.#target!.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
      return;
    }
    const frame = this.#frame;
    frame.bytes = bytes;
    frame.start = start;
    frame.end = end;
    frame.wireLength = wireLength;
    frame.tsUs = tsUs;
    frame.interfaceIndex = interfaceIndex;
    frame.isDamaged = false;
    this.#writer?.sums.in(frame);
    this.#replay?.sums.in(frame);
    this.#stack.take(frame);
  }

  truth(): Truth | undefined {
    return this.#truth ? this.#truth.truth() : this.#isImpaired ? undefined : this.#source.truth();
  }

  close(): void {
    this.#source.close();
    this.#writer?.close();
    this.#replay?.close();
  }

  #send({ bytes, start, end }: MovingFrame): void {
    this.#truth!.sent(bytes, start, end);
  }

  /** The end of the stack. */
  #deliver(frame: MovingFrame): void {
    const { bytes, start, end, wireLength, tsUs, interfaceIndex, isDamaged } = frame;
    this.#writer?.sums.out(frame);
    this.#replay?.sums.out(frame);
    this.#delivered += 1;
    if (this.#isImpaired) this.#truth?.delivered(bytes, start, end, tsUs, isDamaged);
    this.#target!.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
  }
}
