/** A traffic so many times over: each round goes on where the one before ended, and is the traffic of other hosts. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { RoundFrames } from './round-frames.ts';
import type { ImpairmentRecord, Phase, Traffic, Truth, TruthDoubt } from './traffic.ts';

/** A frame is copied before it is rewritten; what a pcapng block may hold at most. */
const frameBytesMax = 262_144;

/** Without an object for the part that is copied. */
const copyBytes = Buffer.prototype.copy;

export class LoopedTraffic implements Traffic, FrameSink {
  readonly linkType: number;
  readonly framesExpected: number | undefined;
  readonly bytesExpected: number | undefined;
  readonly durationUs: number | undefined;
  readonly phases: readonly Phase[];
  readonly #open: () => Traffic;
  readonly #loops: number;
  readonly #rewriter = new RoundFrames();
  readonly #scratch = new Uint8Array(frameBytesMax);
  #traffic: Traffic;
  #round = 0;
  #truth: Truth | undefined = { requests: 0, responses: 0, requestsIntact: 0, responsesIntact: 0, exchangesIntact: 0 };
  #impairments: readonly ImpairmentRecord[] = [];
  #target: FrameSink | undefined;
  #frames = 0;
  /** Of the very first frame, of this round's first one, and of the last one sent. */
  #originUs = -1;
  #roundUs = -1;
  #lastUs = 0;
  /** Where this round begins, after the first frame of all. */
  #shiftUs = 0;

  /** @param open opens another round */
  constructor(first: Traffic, open: () => Traffic, loops: number) {
    const total = (value: number | undefined) => (value === undefined ? undefined : value * loops);
    this.#traffic = first;
    this.#open = open;
    this.#loops = loops;
    this.linkType = first.linkType;
    this.framesExpected = total(first.framesExpected);
    this.bytesExpected = total(first.bytesExpected);
    this.durationUs = total(first.durationUs);
    this.phases = first.phases;
  }

  get impairments(): readonly ImpairmentRecord[] {
    return addRecords(this.#impairments, this.#traffic.impairments);
  }

  read(sink: FrameSink, framesMax: number): number {
    this.#target = sink;
    for (;;) {
      const delivered = this.#traffic.read(this, framesMax);
      if (delivered >= 0) return delivered;
      this.#truth = addTruth(this.#truth, this.#traffic.truth());
      if (this.#round + 1 >= this.#loops) return -1;
      this.#nextRound();
    }
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (this.#originUs < 0) this.#originUs = tsUs;
    if (this.#roundUs < 0) this.#roundUs = tsUs;
    this.#lastUs = this.#shiftUs + tsUs - this.#roundUs;
    this.#frames += 1;
    const atUs = this.#originUs + this.#lastUs;
    if (this.#round === 0 || end - start > frameBytesMax) {
      this.#target!.frame(bytes, start, end, wireLength, atUs, interfaceIndex);
      return;
    }
    const scratch = this.#scratch;
    const length = end - start;
    copyBytes.call(bytes, scratch, 0, start, end);
    this.#rewriter.rewrite(scratch, 0, length);
    this.#target!.frame(scratch, 0, length, wireLength, atUs, interfaceIndex);
  }

  truth(): Truth | undefined {
    return this.#truth;
  }

  close(): void {
    this.#traffic.close();
  }

  /** A mean gap between two frames after the last one. */
  #nextRound(): void {
    this.#impairments = addRecords(this.#impairments, this.#traffic.impairments);
    this.#traffic.close();
    this.#traffic = this.#open();
    this.#round += 1;
    this.#rewriter.round = this.#round;
    // Where all frames have one time, the next round still comes later.
    this.#shiftUs = Math.max(Math.ceil(this.#lastUs * (1 + 1 / Math.max(this.#frames - 1, 1))), this.#shiftUs + 1);
    this.#roundUs = -1;
  }
}

/** Undefined as soon as one round is. */
function addTruth(sum: Truth | undefined, more: Truth | undefined): Truth | undefined {
  if (sum === undefined || more === undefined) return undefined;
  return {
    requests: sum.requests + more.requests,
    responses: sum.responses + more.responses,
    requestsIntact: sum.requestsIntact + more.requestsIntact,
    responsesIntact: sum.responsesIntact + more.responsesIntact,
    requestsPossible: (sum.requestsPossible ?? 0) + (more.requestsPossible ?? 0),
    interims: (sum.interims ?? 0) + (more.interims ?? 0),
    responsesPossible: (sum.responsesPossible ?? 0) + (more.responsesPossible ?? 0),
    doubts: addDoubts(sum.doubts ?? [], more.doubts ?? []),
    ...(sum.exchangesIntact !== undefined &&
      more.exchangesIntact !== undefined && { exchangesIntact: sum.exchangesIntact + more.exchangesIntact }),
    ...(sum.exchangesTouched !== undefined || more.exchangesTouched !== undefined
      ? { exchangesTouched: (sum.exchangesTouched ?? 0) + (more.exchangesTouched ?? 0) }
      : {}),
  };
}

function addDoubts(sum: readonly TruthDoubt[], more: readonly TruthDoubt[]): readonly TruthDoubt[] {
  const counts = new Map(sum.map(({ what, count }) => [what, count]));
  for (const { what, count } of more) counts.set(what, (counts.get(what) ?? 0) + count);
  return [...counts].map(([what, count]) => ({ what, count }));
}

function addRecords(sum: readonly ImpairmentRecord[], more: readonly ImpairmentRecord[]): readonly ImpairmentRecord[] {
  return more.map((record, index) => ({ ...record, frames: record.frames + (sum[index]?.frames ?? 0) }));
}
