/** The real assembler, which also holds a buffer from the next byte to the furthest that came. */
import { type AssemblerOptions, Assembler as RealAssembler } from '../../../agent/tcp/assembler.ts';

export * from '../../../agent/tcp/assembler.ts';

export class Assembler extends RealAssembler {
  readonly #next: Int32Array;
  readonly #gaps = new Map<number, Uint8Array>();

  constructor(options: AssemblerOptions) {
    super(options);
    this.#next = options.halves.next;
  }

  override get arrays(): null {
    // The kernel would take late segments for itself.
    return null;
  }

  override segment(
    half: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    missing: number,
    tsUs: number,
    ack: number,
  ): void {
    const length = (sequence - this.#next[half]!) | 0;
    if (length > (this.#gaps.get(half)?.length ?? 0)) this.#reserve(half, length);
    super.segment(half, sequence, bytes, start, end, missing, tsUs, ack);
  }

  override finish(half: number, tsUs: number): void {
    this.#gaps.delete(half);
    super.finish(half, tsUs);
  }

  #reserve(half: number, length: number): void {
    this.#gaps.set(half, new Uint8Array(length).fill(1));
  }
}
