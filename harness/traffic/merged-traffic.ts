/** Several recordings as one traffic, in order of their times. Of each it holds what one read brings. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { FrameList } from '../../agent/pcap/frame-list.ts';
import type { InputState } from './recording.ts';
import type { ImpairmentRecord, Traffic } from './traffic.ts';

/** A read of one recording: a slice of a file holds no more. */
const framesPerRead = 16;

interface Input {
  readonly traffic: Traffic;
  list: FrameList;
  at: number;
  hasEnded: boolean;
}

export class MergedTraffic implements Traffic {
  readonly linkType = 1;
  readonly framesExpected = undefined;
  readonly bytesExpected = undefined;
  readonly durationUs = undefined;
  readonly phases = [];
  readonly #inputs: readonly Input[];

  readonly #input: InputState | undefined;

  /** @param input of who must not wait for a pipe */
  constructor(traffics: readonly Traffic[], input?: InputState) {
    this.#input = input;
    this.#inputs = traffics.map((traffic) => ({ traffic, list: new FrameList(), at: 0, hasEnded: false }));
  }

  get impairments(): readonly ImpairmentRecord[] {
    return this.#inputs.flatMap(({ traffic }) => traffic.impairments);
  }

  read(sink: FrameSink, framesMax: number): number {
    let delivered = 0;
    for (; delivered < framesMax; delivered += 1) {
      const input = this.#earliest();
      if (this.#input?.isIdle) return delivered;
      if (!input) break;
      const { bytes, wireLength, tsUs } = input.list.frames[input.at++]!;
      // Each recording is an interface.
      sink.frame(bytes, 0, bytes.length, wireLength, tsUs, this.#inputs.indexOf(input));
    }
    return delivered === 0 ? -1 : delivered;
  }

  truth(): undefined {
    return undefined;
  }

  close(): void {
    for (const { traffic } of this.#inputs) traffic.close();
  }

  /** Of equal times the one named first. */
  #earliest(): Input | undefined {
    let earliest: Input | undefined;
    let earliestUs = Number.POSITIVE_INFINITY;
    if (this.#input) this.#input.isIdle = false;
    for (const input of this.#inputs) {
      const frame = input.list.frames[input.at] ?? this.#refill(input);
      // Which one is the earliest nobody knows before each has one.
      if (this.#input?.isIdle) return undefined;
      if (!frame || frame.tsUs >= earliestUs) continue;
      earliest = input;
      earliestUs = frame.tsUs;
    }
    return earliest;
  }

  #refill(input: Input) {
    input.list = new FrameList();
    input.at = 0;
    while (input.list.frames.length === 0 && !input.hasEnded && !this.#input?.isIdle) {
      input.hasEnded = input.traffic.read(input.list, framesPerRead) < 0;
    }
    return input.list.frames[0];
  }
}
