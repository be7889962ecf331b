/** How late requests were, in a histogram of three significant digits (HDR Histogram). */
import { createHistogram } from 'node:perf_hooks';
import type { Lateness } from './replay.ts';

export class HistogramLateness implements Lateness {
  readonly #histogram = createHistogram();

  record(us: number): void {
    this.#histogram.record(Math.max(1, Math.round(us)));
  }

  percentile(percent: number): number {
    return this.#histogram.percentile(percent);
  }

  get max(): number {
    return this.#histogram.max;
  }

  get count(): number {
    return this.#histogram.count;
  }
}
