/** The real assembler, beside lists of the segments that came late. */
import { Assembler as RealAssembler } from '../../../agent/tcp/assembler.ts';

export * from '../../../agent/tcp/assembler.ts';

interface Late {
  readonly sequence: number;
  readonly length: number;
}

const lateMax = 400;

export class Assembler extends RealAssembler {
  readonly #late = new Map<number, readonly Late[]>();

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
    this.#late.set(half, withLate(this.#late.get(half) ?? [], { sequence, length: end - start }));
    super.segment(half, sequence, bytes, start, end, missing, tsUs, ack);
  }

  override finish(half: number, tsUs: number): void {
    this.#late.delete(half);
    super.finish(half, tsUs);
  }
}

function withLate(known: readonly Late[], late: Late): readonly Late[] {
  const copies = known.slice(-lateMax).map((each) => ({ ...each }));
  return [...copies, late].sort((a, b) => a.sequence - b.sequence);
}
