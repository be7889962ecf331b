/**
 * Delta debugging (Zeller and Hildebrandt, 2002) over units with a weight, with an amount as score: how far a part is from
 * holding says how large a part is tried next. Units are named by their number; their order is a guess at what matters first.
 */

export interface Verdict {
  readonly holds: boolean;
  /** 1 and more where it holds; below, how near it came. */
  readonly score: number;
}

export interface Reduction {
  /** Bytes of each unit. */
  readonly weights: ArrayLike<number>;
  /** In the order in which they are tried to be kept. */
  readonly order: readonly number[];
  /** Tests a part of the units; the whole is known to hold. */
  readonly test: (kept: readonly number[]) => Promise<Verdict>;
  /** Of the whole, and of no traffic at all. */
  readonly scores: { readonly whole: number; readonly idle: number };
  /** Tests at a time. */
  readonly jobs: number;
  /** Whether to stop with what there is. */
  readonly isOver: () => boolean;
  /** Called with what is known to hold now. */
  readonly onKept: (kept: readonly number[]) => void;
  /** A part that weighs less is not tried alone. */
  readonly grainBytes: number;
}

/** Parts are tried alone only while they are few: with many, each is too little. */
const partsAlone = 4;
/** Parts that are alike are tried in so many pieces, and no more. */
const partsAlike = 8;
/** Amounts of parts that differ by less are of one kind: what is between them is noise, and what pages round up. */
const alikeFactor = 1.8;
/** A level ends where so many trials left out less than this share. */
const trialsPatient = 30;
const gainMin = 0.1;
/** A prediction that amounts go with bytes is rarely right to the byte. */
const margin = 1.08;

/** @returns units that hold, as few as were found */
export async function reduce(reduction: Reduction): Promise<readonly number[]> {
  const search = new Search(reduction);
  await search.jump();
  await search.narrow();
  return search.kept;
}

export function weightOf(weights: ArrayLike<number>, units: readonly number[]): number {
  let sum = 0;
  for (const unit of units) sum += weights[unit]!;
  return sum;
}

class Search {
  kept: readonly number[];
  readonly #asked: Reduction;
  #score: number;
  /** Weight before each of the last trials. */
  readonly #before: number[] = [];

  constructor(asked: Reduction) {
    this.#asked = asked;
    this.kept = asked.order;
    this.#score = asked.scores.whole;
  }

  /** As much of the front as the amount of the whole says is enough, and once more with what that shows. */
  async jump(): Promise<void> {
    const { scores, isOver } = this.#asked;
    for (let tries = 0; tries < 4 && !isOver(); tries += 1) {
      const needed = ((1 - scores.idle) / (this.#score - scores.idle)) * margin;
      if (!(needed > 0 && needed < 0.75)) return;
      const front = this.#front(needed);
      if (front.length === this.kept.length) return;
      const verdict = await this.#test(front);
      if (!verdict.holds) {
        // The front brings less than its share: it is the rest that matters, or all of it together.
        const back = this.kept.slice(front.length);
        const other = await this.#test(back);
        if (!other.holds) return;
        this.#keep(back, other);
        continue;
      }
      this.#keep(front, verdict);
    }
  }

  /** Parts alone, then without one part, finer and finer. */
  async narrow(): Promise<void> {
    const { isOver, grainBytes } = this.#asked;
    let count = 2;
    let isAlike = false;
    while (this.kept.length > 1 && !isOver() && !this.#isStuck()) {
      const parts = this.#parts(count);
      if (parts.length <= partsAlone) {
        const alone = await this.#alone(parts);
        if (alone === 'kept') {
          count = 2;
          continue;
        }
        isAlike = alone === 'alike';
      }
      const left = await this.#without(parts);
      if (left < parts.length) {
        count = Math.max(2, left);
        continue;
      }
      if (parts.length >= this.kept.length || this.#weightOf(this.kept) / parts.length < grainBytes) return;
      // Where each part brings what its bytes promise, finer ones only show what is left of the amount.
      if (isAlike && parts.length >= partsAlike) return;
      count = Math.min(this.kept.length, count * 2);
    }
  }

  /** Whether a part by itself holds, the lightest of which is kept; else whether all bring about what their bytes promise. */
  async #alone(parts: readonly (readonly number[])[]): Promise<'kept' | 'alike' | 'different'> {
    const { jobs, isOver, scores } = this.#asked;
    if (parts.length < 2) return 'different';
    let best: { part: readonly number[]; verdict: Verdict } | undefined;
    let isAlike = true;
    const whole = this.#weightOf(this.kept);
    for (let at = 0; at < parts.length && !isOver() && !best; at += jobs) {
      const some = parts.slice(at, at + jobs);
      const verdicts = await Promise.all(some.map((part) => this.#test(part)));
      for (const [i, verdict] of verdicts.entries()) {
        const weight = this.#weightOf(some[i]!);
        const promised = ((this.#score - scores.idle) * weight) / whole;
        const ratio = (verdict.score - scores.idle) / promised;
        if (!(ratio > 1 / alikeFactor && ratio < alikeFactor)) isAlike = false;
        if (verdict.holds && (!best || weight < this.#weightOf(best.part))) best = { part: some[i]!, verdict };
      }
    }
    if (best) {
      this.#keep(best.part, best.verdict);
      return 'kept';
    }
    return isAlike && !isOver() ? 'alike' : 'different';
  }

  /** @returns how many of the parts are left */
  async #without(parts: readonly (readonly number[])[]): Promise<number> {
    const { jobs, isOver } = this.#asked;
    let left = [...parts];
    // From the back: what comes late matters least.
    for (let at = left.length - 1; at >= 0 && left.length > 1 && !isOver() && !this.#isStuck(); ) {
      const tried = Array.from({ length: Math.min(jobs, at + 1) }, (_, i) => at - i);
      const rests = tried.map((i) => left.filter((_, other) => other !== i).flat());
      const verdicts = await Promise.all(rests.map((rest) => this.#test(rest)));
      const found = verdicts.findIndex(({ holds }) => holds);
      if (found < 0) {
        at -= tried.length;
        continue;
      }
      const gone = tried[found]!;
      left = left.filter((_, i) => i !== gone);
      this.#keep(rests[found]!, verdicts[found]!);
      // Those before the one that went are known to be needed as far as one trial says.
      at = gone - 1;
    }
    return left.length;
  }

  /** Whether the last trials brought next to nothing. */
  #isStuck(): boolean {
    const before = this.#before.at(-trialsPatient);
    return before !== undefined && this.#weightOf(this.kept) > before * (1 - gainMin);
  }

  #test(kept: readonly number[]): Promise<Verdict> {
    this.#before.push(this.#weightOf(this.kept));
    return this.#asked.test(kept);
  }

  #keep(kept: readonly number[], { score }: Verdict): void {
    this.kept = kept;
    this.#score = score;
    this.#asked.onKept(kept);
  }

  #weightOf(units: readonly number[]): number {
    return weightOf(this.#asked.weights, units);
  }

  #front(share: number): readonly number[] {
    const { weights } = this.#asked;
    let left = this.#weightOf(this.kept) * share;
    let count = 0;
    while (count < this.kept.length && left > 0) left -= weights[this.kept[count++]!]!;
    return this.kept.slice(0, Math.max(1, count));
  }

  /** Neighbours together, all parts of about one weight; none is empty. */
  #parts(count: number): (readonly number[])[] {
    const { weights } = this.#asked;
    const each = this.#weightOf(this.kept) / count;
    const parts: number[][] = [];
    let part: number[] = [];
    let sum = 0;
    for (const unit of this.kept) {
      part.push(unit);
      sum += weights[unit]!;
      if (sum >= each * (parts.length + 1) && parts.length < count - 1) {
        parts.push(part);
        part = [];
      }
    }
    if (part.length > 0) parts.push(part);
    return parts;
  }
}
