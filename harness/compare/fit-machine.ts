/** Waits for a machine that is fit to judge, up to a limit, and remembers where it was not. */
import type { MachineReading } from '../watch/machine.ts';
import { faultsAtRest, faultsDuring } from './fitness.ts';

/** Long enough for a hundred ticks of two processors. */
const lookMs = 500;
/** Between two looks at a machine that is not fit. */
const pauseMs = 2_000;

export interface FitMachineOptions {
  readonly read: () => MachineReading;
  readonly pause: (ms: number) => Promise<void>;
  /** In all; then it goes on and says so. */
  readonly waitMaxMs: number;
  readonly onWait: (faults: readonly string[]) => void;
  /** It was waited for, and is fit, or is waited for no longer. */
  readonly onWaited?: () => void;
}

export class FitMachine {
  readonly #options: FitMachineOptions;
  #leftMs: number;
  /** Of the present pair. */
  readonly #faults = new Set<string>();
  /** Pairs with a fault, and the last fault there was. */
  unfitPairs = 0;
  lastFault = '';

  constructor(options: FitMachineOptions) {
    this.#options = options;
    this.#leftMs = options.waitMaxMs;
  }

  /** Before and between runs: waits while others take the processors. */
  async settle(): Promise<void> {
    const leftMs = this.#leftMs;
    await this.#waitUntilFit();
    if (this.#leftMs < leftMs) this.#options.onWaited?.();
  }

  async #waitUntilFit(): Promise<void> {
    for (;;) {
      const before = this.#options.read();
      await this.#options.pause(lookMs);
      const faults = faultsAtRest(before, this.#options.read());
      if (faults.length === 0) return;
      if (this.#leftMs <= 0) {
        for (const fault of faults) this.#faults.add(fault);
        return;
      }
      this.#options.onWait(faults);
      await this.#options.pause(pauseMs);
      this.#leftMs -= pauseMs + lookMs;
    }
  }

  /** Watches a run. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    const before = this.#options.read();
    const result = await run();
    for (const fault of faultsDuring(before, this.#options.read())) this.#faults.add(fault);
    return result;
  }

  endPair(): void {
    if (this.#faults.size === 0) return;
    this.unfitPairs += 1;
    this.lastFault = [...this.#faults].join(', ');
    this.#faults.clear();
  }
}
