/** Impairments as a stack of sinks: each passes frames on to the next, changed, late, twice or not at all. */
import assert from 'node:assert';
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { createRandom, type Random } from '../../../agent/seeded-random.ts';
import type { ImpairmentRecord } from '../traffic.ts';
import { HeldFrames } from './held-frames.ts';
import { describeImpairment, type Impairment } from './impairment.ts';

/** One impairment at work. */
export interface Stage extends FrameSink {
  /** Passes on what it still holds, in order. */
  flush(): void;
  readonly record: ImpairmentRecord;
  /** Places, from 0, of the frames it touched among those it was given: the ground truth of what it did. */
  readonly touched: readonly number[];
}

/** A stack: frames go in at `input` and come out at `output` through every stage in turn. */
export interface ImpairmentStack {
  readonly input: FrameSink;
  readonly stages: readonly Stage[];
  /** After the last frame. */
  flush(): void;
}

/** The stages of `impairments`, each with randomness of its own from one seed. */
export function stackImpairments(impairments: readonly Impairment[], seed: number, output: FrameSink): ImpairmentStack {
  let input = output;
  const stages: Stage[] = [];
  for (let at = impairments.length - 1; at >= 0; at--) {
    const impairment = impairments[at]!;
    const stage = createStage(impairment, createRandom(seed, `${at} ${impairment.kind}`), input);
    stages.unshift(stage);
    input = stage;
  }
  return {
    input,
    stages,
    flush: () => {
      for (const stage of stages) stage.flush();
    },
  };
}

function createStage(impairment: Impairment, random: Random, next: FrameSink): Stage {
  switch (impairment.kind) {
    case 'loss':
      return new LossStage(impairment, next, () => random.chance(impairment.fraction));
    case 'burst-loss':
      return new LossStage(impairment, next, gilbertElliott(impairment, random));
    case 'reorder':
      return new ReorderStage(impairment, next, random);
    case 'duplicate':
      return new DuplicateStage(impairment, next, random);
    case 'truncate':
      return new TruncateStage(impairment, next, random);
    case 'corrupt':
      return new CorruptStage(impairment, next, random);
    case 'jitter':
      return new JitterStage(impairment, next, random);
    case 'rate':
      return new RateStage(impairment, next);
  }
}

abstract class TouchingStage implements Stage {
  readonly touched: number[] = [];
  protected readonly next: FrameSink;
  protected place = -1;
  readonly #impairment: Impairment;

  constructor(impairment: Impairment, next: FrameSink) {
    this.#impairment = impairment;
    this.next = next;
  }

  get record(): ImpairmentRecord {
    return {
      kind: this.#impairment.kind,
      description: describeImpairment(this.#impairment),
      frames: this.touched.length,
    };
  }

  abstract frame(
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    tsUs: number,
    interfaceIndex: number,
  ): void;

  flush(): void {}
}

class LossStage extends TouchingStage {
  readonly #isLost: () => boolean;

  constructor(impairment: Impairment, next: FrameSink, isLost: () => boolean) {
    super(impairment, next);
    this.#isLost = isLost;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.place += 1;
    if (this.#isLost()) this.touched.push(this.place);
    else this.next.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
  }
}

/** Two states, each with a chance of loss (Gilbert 1960, Elliott 1963): losses come in bursts. */
function gilbertElliott(model: Impairment & { readonly kind: 'burst-loss' }, random: Random): () => boolean {
  let isBad = false;
  return () => {
    isBad = random.chance(isBad ? 1 - model.leaveBad : model.enterBad);
    return random.chance(isBad ? model.lossBad : model.lossGood);
  };
}

/** Chosen frames wait until 1 to `placesMax` others have gone by, and then go out at that moment's time. */
class ReorderStage extends TouchingStage {
  readonly #fraction: number;
  readonly #placesMax: number;
  readonly #random: Random;
  readonly #held = new HeldFrames();

  constructor(impairment: Impairment & { readonly kind: 'reorder' }, next: FrameSink, random: Random) {
    super(impairment, next);
    assert(impairment.placesMax >= 1);
    this.#fraction = impairment.fraction;
    this.#placesMax = impairment.placesMax;
    this.#random = random;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.place += 1;
    if (this.#random.chance(this.#fraction)) {
      this.touched.push(this.place);
      const places = this.#random.integer(1, this.#placesMax);
      this.#held.hold(this.place + places, bytes, start, end, wireLength, interfaceIndex);
    } else this.next.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
    this.#held.release(this.place, tsUs, this.next);
  }

  override flush(): void {
    this.#held.releaseAll(this.next);
  }
}

/** A second copy of chosen frames arrives up to `placesMax` places after the first. */
class DuplicateStage extends TouchingStage {
  readonly #fraction: number;
  readonly #placesMax: number;
  readonly #random: Random;
  readonly #held = new HeldFrames();

  constructor(impairment: Impairment & { readonly kind: 'duplicate' }, next: FrameSink, random: Random) {
    super(impairment, next);
    this.#fraction = impairment.fraction;
    this.#placesMax = impairment.placesMax ?? 5;
    this.#random = random;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.place += 1;
    if (this.#random.chance(this.#fraction)) {
      this.touched.push(this.place);
      const places = this.#random.integer(0, this.#placesMax);
      this.#held.hold(this.place + places, bytes, start, end, wireLength, interfaceIndex);
    }
    this.next.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
    this.#held.release(this.place, tsUs, this.next);
  }

  override flush(): void {
    this.#held.releaseAll(this.next);
  }
}

/** What a snap length does: the end of the frame is missing, its length on the wire is still known. */
class TruncateStage extends TouchingStage {
  readonly #fraction: number;
  readonly #bytesMax: number;
  readonly #random: Random;

  constructor(impairment: Impairment & { readonly kind: 'truncate' }, next: FrameSink, random: Random) {
    super(impairment, next);
    this.#fraction = impairment.fraction;
    this.#bytesMax = impairment.bytesMax;
    this.#random = random;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.place += 1;
    const isCut = this.#random.chance(this.#fraction) && end - start > this.#bytesMax;
    if (isCut) this.touched.push(this.place);
    this.next.frame(bytes, start, isCut ? start + this.#bytesMax : end, wireLength, tsUs, interfaceIndex);
  }
}

/** One bit flips, anywhere in the frame; checksums stay as they were. */
class CorruptStage extends TouchingStage {
  readonly #fraction: number;
  readonly #random: Random;

  constructor(impairment: Impairment & { readonly kind: 'corrupt' }, next: FrameSink, random: Random) {
    super(impairment, next);
    this.#fraction = impairment.fraction;
    this.#random = random;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.place += 1;
    if (end === start || !this.#random.chance(this.#fraction)) {
      this.next.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
      return;
    }
    this.touched.push(this.place);
    const bit = this.#random.integer(0, (end - start) * 8 - 1);
    const copy = bytes.slice(start, end);
    copy[bit >> 3]! ^= 1 << (bit & 7);
    this.next.frame(copy, 0, copy.length, wireLength, tsUs, interfaceIndex);
  }
}

/** Uniformly later, never before the frame in front of it. */
class JitterStage extends TouchingStage {
  readonly #jitterUs: number;
  readonly #random: Random;
  #lastUs = 0;

  constructor(impairment: Impairment & { readonly kind: 'jitter' }, next: FrameSink, random: Random) {
    super(impairment, next);
    this.#jitterUs = impairment.jitterUs;
    this.#random = random;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.place += 1;
    const laterUs = Math.floor(this.#random.fraction() * this.#jitterUs);
    this.#lastUs = Math.max(tsUs + laterUs, this.#lastUs);
    if (this.#lastUs !== tsUs) this.touched.push(this.place);
    this.next.frame(bytes, start, end, wireLength, this.#lastUs, interfaceIndex);
  }
}

/** A link of this rate in the way: frames queue, without a limit to the queue, since only their times are moved. */
class RateStage extends TouchingStage {
  readonly #byteUs: number;
  #freeUs = 0;

  constructor(impairment: Impairment & { readonly kind: 'rate' }, next: FrameSink) {
    super(impairment, next);
    this.#byteUs = 8 / impairment.megabitsPerSecond;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.place += 1;
    const sentUs = Math.max(tsUs, this.#freeUs);
    if (sentUs !== tsUs) this.touched.push(this.place);
    this.#freeUs = sentUs + wireLength * this.#byteUs;
    this.next.frame(bytes, start, end, wireLength, sentUs, interfaceIndex);
  }
}
