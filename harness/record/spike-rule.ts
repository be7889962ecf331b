/** When a rise of memory is a spike: against the median of what came before, so that neither a slow drift nor one odd reading is one. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import { formatBytes } from '../../reports/format.ts';
import { parseQuantity } from '../metrics/quantity.ts';

export interface SpikeRule {
  /** As the operator wrote it. */
  readonly text: string;
  /** Level from which on it is a spike, by the median before. */
  readonly levelOf: (medianBytes: number) => number;
}

/** A small process doubles by loading a module: a rise over the median by a factor must be of so much, too. */
const riseBytesMin = 16_000_000;

/** `1.5x` the median, `+200MB` over it, or `800MB` whatever it is. @throws FloodgateError `option-invalid` */
export function parseSpikeRule(text: string): SpikeRule {
  const factor = /^\s*(\d+(?:\.\d+)?)\s*[x×]\s*$/i.exec(text)?.[1];
  if (factor !== undefined) {
    const times = Number(factor);
    if (times > 1 && times <= 100) {
      return { text, levelOf: (median) => Math.max(median * times, median + riseBytesMin) };
    }
    throw new FloodgateError('option-invalid', `--spike: "${text}" is not between 1x and 100x`, {
      hint: 'Example: --spike 1.5x.',
    });
  }
  const bytes = parseQuantity(text.replace(/^\s*\+/, ''), '--spike', 'bytes');
  if (/^\s*\+/.test(text)) return { text, levelOf: (median) => median + bytes };
  return { text, levelOf: () => bytes };
}

/** Readings that the median is taken of, one a second: ten minutes. */
const readingsMax = 600;
/** Fewer say nothing yet about what is usual. */
const readingsMin = 5;
const readEveryMs = 1_000;

/** The median of the last ten minutes, in a fixed amount of memory. */
export class UsualLevel {
  readonly #readings = new Float64Array(readingsMax);
  readonly #sorted = new Float64Array(readingsMax);
  #count = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #median = 0;

  /** Takes a reading; one a second counts. */
  add(tMs: number, bytes: number): void {
    if (tMs - this.#lastMs < readEveryMs && tMs >= this.#lastMs) return;
    this.#lastMs = tMs;
    this.#readings[this.#count % readingsMax] = bytes;
    this.#count += 1;
    const length = Math.min(this.#count, readingsMax);
    this.#sorted.set(this.#readings.subarray(0, length));
    const sorted = this.#sorted.subarray(0, length).sort();
    this.#median = sorted[length >> 1]!;
  }

  /** Undefined before it can be known. */
  get medianBytes(): number | undefined {
    return this.#count < readingsMin ? undefined : this.#median;
  }

  describe(): string {
    return this.medianBytes === undefined ? 'not known yet' : formatBytes(this.medianBytes);
  }
}
