/** Which frames go on: by time, by a filter expression, by number. */

import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { compileFilter } from '../../../agent/capture/sys/bpf.ts';
import type { Moment } from './edit-order.ts';
import type { EditStage } from './edit-stage.ts';

const ethernet = 1;
const frameBytesMax = 262_144;

/** Frames of a window of time. */
export class TimeWindow implements EditStage {
  readonly description: string;
  hasEnded = false;
  readonly #from: Moment | undefined;
  readonly #to: Moment | undefined;
  readonly #next: FrameSink;
  #fromUs = Number.NaN;
  #toUs = 0;
  #passed = 0;
  #leavesOut = false;

  constructor(from: Moment | undefined, to: Moment | undefined, next: FrameSink) {
    this.#from = from;
    this.#to = to;
    this.#next = next;
    const word = ({ kind, us }: Moment) => (kind === 'offset' ? `${us / 1e6} s` : new Date(us / 1e3).toISOString());
    this.description = `frames${from ? ` from ${word(from)}` : ''}${to ? ` to ${word(to)}` : ''} alone`;
  }

  /** Those that went on: how many it leaves out is not known, since nothing behind the window is read. */
  get frames(): number {
    return this.#leavesOut ? this.#passed : 0;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (Number.isNaN(this.#fromUs)) {
      this.#fromUs = momentUs(this.#from, tsUs, 0);
      this.#toUs = momentUs(this.#to, tsUs, Number.POSITIVE_INFINITY);
    }
    if (tsUs >= this.#toUs) this.hasEnded = true;
    if (tsUs < this.#fromUs || tsUs >= this.#toUs) {
      this.#leavesOut = true;
      return;
    }
    this.#passed += 1;
    this.#next.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
  }
}

function momentUs(moment: Moment | undefined, firstUs: number, otherwise: number): number {
  if (!moment) return otherwise;
  return moment.kind === 'offset' ? firstUs + moment.us : moment.us;
}

export class FilterStage implements EditStage {
  readonly description: string;
  frames = 0;
  readonly #program: ReturnType<typeof compileFilter>;
  readonly #next: FrameSink;

  /** @throws FloodgateError `filter-invalid`, `filter-unavailable` */
  constructor(expression: string, next: FrameSink) {
    this.#program = compileFilter(expression, ethernet, frameBytesMax);
    this.#next = next;
    this.description = `frames that "${expression}" leaves out`;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (this.#program.run(bytes, start, end, wireLength) > 0)
      this.#next.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
    else this.frames += 1;
  }
}

export class LimitStage implements EditStage {
  readonly description: string;
  readonly #most: number;
  readonly #next: FrameSink;
  #passed = 0;

  constructor(most: number, next: FrameSink) {
    this.#most = most;
    this.#next = next;
    this.description = `the first ${most} frames alone`;
  }

  get hasEnded(): boolean {
    return this.#passed >= this.#most;
  }

  /** Those that went on, as of a window of time. */
  get frames(): number {
    return this.hasEnded ? this.#passed : 0;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (this.hasEnded) return;
    this.#passed += 1;
    this.#next.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
  }
}
