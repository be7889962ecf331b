/** Watches the process beside the target until both are over: its memory is judged and drawn as well. */
import type { Companion } from '../target/target.ts';
import { MemoryWatch } from '../watch/memory-watch.ts';
import type { CompanionResult } from './pass-result.ts';

/** A collector rises by a batch at a time; its peak is the kernel's own. */
const sampleMs = 250;

export class CompanionWatch {
  readonly #companion: Companion;
  readonly #watch: MemoryWatch | undefined;
  #result: Promise<CompanionResult> | undefined;

  constructor(companion: Companion, nowMs: () => number) {
    this.#companion = companion;
    try {
      this.#watch = new MemoryWatch({ pid: companion.pid, sampleMs, nowMs });
    } catch {
      // It is gone already: `stop` says how it ended.
    }
  }

  /** Once the target is over. Safe to call twice. */
  stop(): Promise<CompanionResult> {
    this.#result ??= this.#end();
    return this.#result;
  }

  async #end(): Promise<CompanionResult> {
    this.#watch?.stop();
    return { name: this.#companion.name, watch: this.#watch, ...(await this.#companion.stop()) };
  }
}
