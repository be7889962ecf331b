/**
 * Delta debugging (Zeller and Hildebrandt, 2002) over units with a weight, with an amount as score: how far a part is from
 * holding says how large a part is tried next. Units are named by their number; their order is a guess at what matters first.
 */

export interface Verdict {
  readonly holds: boolean;
  /** 1 and more where it holds; below, how near it came. */
  readonly score: number;
}

/** What memory may go by: how much of it each unit would answer for then. Only the proportions count. */
export interface Promised {
  readonly name: string;
  readonly values: ArrayLike<number>;
  /** Those that promise most come first, however much they weigh; else those that promise most for a byte. @default false */
  readonly byAmount?: boolean;
}

export interface Reduction {
  /** Bytes of each unit. */
  readonly weights: ArrayLike<number>;
  /** In the order in which they are tried to be kept. */
  readonly order: readonly number[];
  /** Guesses that are tried before parts are. @default bytes */
  readonly promises?: readonly Promised[];
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
  /** To stop as soon as half is left out: the rest is tried on what is left, which is written and read faster. @default false */
  readonly stopsAtHalf?: boolean;
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
/** A prediction of amounts is rarely right to the byte. */
const margin = 1.08;
/** So many guesses are tried, the lightest first; one that leaves out less than a quarter is not worth it. */
const jumpsMax = 12;
/** Of the amount that is wanted: a guess that showed less waits for those that showed more. */
const showsMin = 0.02;
const frontMax = 0.75;
/** A guess that was too small grows by this at least, by that at most. */
const growMin = 1.5;
const growMax = 8;
/**
 * A guess begins with so much of what is predicted: where it is right about what amplifies, that is enough, and else it costs little, and shows
 * how much is.
 */
const firstShare = 1 / 8;
/** Where there is no amount to go by, a guess begins with this share, and grows by `blindGrowth`. */
const blindShare = 1 / 16;
const blindGrowth = 4;

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

/** How much of what a guess promises is tried. */
interface Guess {
  readonly promised: Promised;
  readonly share: number;
  /** What was tried of it showed next to nothing. */
  readonly isPoor?: boolean;
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

  /**
   * The front of each guess that by the amount of the whole is enough, the lightest first. What a front shows says how much more, or how
   * much less, is enough.
   */
  async jump(): Promise<void> {
    const { promises, weights, jobs, isOver } = this.#asked;
    let guesses: Guess[] = (promises ?? [{ name: 'bytes', values: weights }]).map((promised) => ({
      promised,
      share: this.#isBlind ? blindShare : Math.min(1, this.#neededShare(this.#score)) * firstShare,
    }));
    for (let tries = 0; tries < jumpsMax && !isOver() && !this.#stops(); ) {
      const fronts = this.#fronts(guesses).slice(0, jobs);
      if (fronts.length === 0) return;
      tries += fronts.length;
      const verdicts = await Promise.all(fronts.map(({ units }) => this.#test(units)));
      const held = fronts.findIndex((_, i) => verdicts[i]!.holds);
      if (held >= 0) {
        const { guess, units } = fronts[held]!;
        this.#keep(units, verdicts[held]!);
        guesses = [{ ...guess, share: this.#isBlind ? blindShare : this.#neededShare(this.#score) }];
        continue;
      }
      guesses = guesses.flatMap((guess) => {
        const at = fronts.findIndex((front) => front.guess === guess);
        return at < 0 ? [guess] : this.#larger(guess, verdicts[at]!);
      });
    }
  }

  /** Whether the condition has no amount: it is met, or not. */
  get #isBlind(): boolean {
    const { scores } = this.#asked;
    return scores.whole === 1 && scores.idle === 0;
  }

  /** Of what shows this score, as much as is enough; no amount where it shows no more than nothing does. */
  #neededShare(score: number): number {
    const { idle } = this.#asked.scores;
    const share = ((1 - idle) / (score - idle)) * margin;
    return share > 0 ? share : Number.POSITIVE_INFINITY;
  }

  /** A guess of which all was too little is given up. */
  #larger({ promised, share }: Guess, { score }: Verdict): Guess[] {
    if (share >= 1) return [];
    const factor = this.#isBlind ? blindGrowth : Math.max(growMin, Math.min(growMax, this.#neededShare(score)));
    const { idle } = this.#asked.scores;
    return [{ promised, share: Math.min(1, share * factor), isPoor: score - idle < showsMin * (1 - idle) }];
  }

  /** What each guess would keep, that by amounts first, then the lightest of those that showed something; none that is no guess, and none twice. */
  #fronts(guesses: readonly Guess[]): { guess: Guess; units: readonly number[]; weight: number }[] {
    const most = this.#weightOf(this.kept) * frontMax;
    const seen = new Set<string>();
    const rank = ({ promised, isPoor }: Guess) => (isPoor ? 2 : promised.byAmount ? 0 : 1);
    return guesses
      .map((guess) => {
        const units = this.#front(guess);
        return { guess, units, weight: this.#weightOf(units) };
      })
      .filter(({ units, weight }) => units.length > 0 && units.length < this.kept.length && weight <= most)
      .sort((a, b) => rank(a.guess) - rank(b.guess) || a.weight - b.weight)
      .filter(({ units, weight }) => {
        const key = `${weight} ${units.length} ${units[0]}`;
        return !seen.has(key) && seen.add(key);
      });
  }

  /** Parts alone, then without one part, finer and finer. */
  async narrow(): Promise<void> {
    const { isOver, grainBytes } = this.#asked;
    let count = 2;
    let isAlike = false;
    while (this.kept.length > 1 && !isOver() && !this.#isStuck() && !this.#stops()) {
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
    for (let at = left.length - 1; at >= 0 && left.length > 1 && !isOver() && !this.#isStuck() && !this.#stops(); ) {
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

  #stops(): boolean {
    const { stopsAtHalf, order } = this.#asked;
    return stopsAtHalf === true && this.#weightOf(this.kept) * 2 <= this.#weightOf(order);
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

  /** Units that promise most, as many as make up the share; in the order of all. */
  #front({ promised: { values, byAmount }, share }: Guess): readonly number[] {
    const { weights } = this.#asked;
    const promising = this.kept.filter((unit) => values[unit]! > 0);
    let left = share * promising.reduce((sum, unit) => sum + values[unit]!, 0);
    const promise = (unit: number) => values[unit]! / (byAmount ? 1 : Math.max(1, weights[unit]!));
    // Sorting is stable: where all promise the same, their order decides.
    const best = [...promising].sort((a, b) => promise(b) - promise(a));
    let count = 0;
    while (count < best.length && left > 0) left -= values[best[count++]!]!;
    const chosen = new Set(best.slice(0, count));
    return this.kept.filter((unit) => chosen.has(unit));
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
