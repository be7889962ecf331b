/**
 * The assembler of the article's agent (docs/story.md) after its first mend: pages are limited for each connection and each
 * interface. No budget is shared, so one interface alone may hold as much as the whole agent is to take, and what the
 * receiver acknowledged is still not looked at.
 */
import type { AssemblerOptions } from '../../../agent/tcp/assembler.ts';
import { GapReason } from '../../../agent/tcp/stream-handler.ts';
import { Assembler as UnboundedAssembler } from '../reassembly-unbounded/assembler.ts';

/** The article's limits, in pages of 1,900 bytes. */
const connectionPagesMax = 4_000;
const interfacePagesMax = 150_000;

export class Assembler extends UnboundedAssembler {
  readonly #waiting: Int32Array;

  constructor(options: AssemblerOptions) {
    super(options);
    this.#waiting = options.halves.waiting;
  }

  override segment(
    half: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    missing: number,
    tsUs: number,
  ): void {
    super.segment(half, sequence, bytes, start, end, missing, tsUs);
    while (this.#waiting[half]! > connectionPagesMax) this.giveUp(half, GapReason.pages, tsUs);
    while (this.#waiting[half]! > 0 && this.pagesInUse > interfacePagesMax) {
      this.giveUp(half, GapReason.pages, tsUs);
    }
  }
}
