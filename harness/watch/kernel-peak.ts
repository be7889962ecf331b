/**
 * The kernel's own peak of resident memory, taken span by span: `VmHWM` is read, then lowered to what is resident now by writing 5 to
 * `clear_refs` (proc_pid_clear_refs(5)). Where that is not allowed, `VmHWM` only rises: a span in which it rose has a new highest peak,
 * and of the others nothing is known.
 */
import type { MemoryAccount } from './proc-memory.ts';

export class KernelPeak {
  /** Whether every span has a peak of its own; where not, only those that are the highest so far. */
  resets: boolean;
  /** Peak of the last span; undefined where it is not known. */
  spanBytes: number | undefined;
  /** Highest of all spans; of a process that ran before, its past is left out where the kernel can forget it. */
  wholeBytes: number | undefined;
  readonly #memory: MemoryAccount;
  #highestBytes = 0;

  /** @param ranBefore the peak until now is none of ours */
  constructor(memory: MemoryAccount, ranBefore: boolean) {
    this.#memory = memory;
    const beforeBytes = memory.peakBytes?.();
    this.resets = memory.resetPeak();
    this.#highestBytes = beforeBytes ?? 0;
    if (!ranBefore) this.wholeBytes = beforeBytes;
  }

  /** Ends a span and begins the next. @returns whether the kernel could be asked */
  take(): boolean {
    const bytes = this.#memory.peakBytes?.();
    this.spanBytes = undefined;
    if (bytes === undefined) return false;
    const isHighest = bytes > this.#highestBytes;
    this.#highestBytes = Math.max(bytes, this.#highestBytes);
    if (this.resets) this.resets = this.#memory.resetPeak();
    if (!this.resets && !isHighest) return true;
    this.spanBytes = bytes;
    this.wholeBytes = Math.max(bytes, this.wholeBytes ?? 0);
    return true;
  }
}
