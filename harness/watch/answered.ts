/** How many requests a process has answered by when: passes that a load drives at another speed are aligned by it. */
import { SampleTable } from './sample-table.ts';

/** Readings come four a second: beyond this after the last one nothing is known of what went on. */
const aheadMsMax = 300;
/** The rate is that of so many readings. */
const latelyMax = 4;

export class Answered {
  readonly #table = new SampleTable([{ name: 'requests', unit: 'count', kind: 'counter' }], 16_384);
  readonly #lately: { readonly tMs: number; readonly requests: number }[] = [];

  /** @param tMs after the start of the pass */
  add(tMs: number, requests: number): void {
    this.#table.add(tMs, [requests]);
    this.#lately.push({ tMs, requests });
    if (this.#lately.length > latelyMax) this.#lately.shift();
  }

  get count(): number {
    return this.#table.count;
  }

  tMs(): number[] {
    return this.#table.tMs();
  }

  requests(): number[] {
    return this.#table.column('requests').map((value) => value ?? 0);
  }

  /** Estimated for now: the last reading, and what came since at the rate of the last ones. 0 before the first. */
  soon(nowMs: number): number {
    const [first] = this.#lately;
    const last = this.#lately.at(-1);
    if (!first || !last) return 0;
    const rate = last.tMs > first.tMs ? (last.requests - first.requests) / (last.tMs - first.tMs) : 0;
    return last.requests + rate * Math.min(aheadMsMax, Math.max(0, nowMs - last.tMs));
  }
}
