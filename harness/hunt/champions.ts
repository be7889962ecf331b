/** One champion a measure, and one a call site: the program that does most for a byte that it sends, and nothing else is remembered. */
import { type Amounts, type Measure, measures, scoreOf } from './measures.ts';
import type { Program } from './program.ts';

export interface Champion {
  readonly program: Program;
  /** Cost of a byte that was sent. */
  readonly score: number;
  readonly amount: number;
  readonly bytesSent: number;
  /** Number of the trial. */
  readonly trial: number;
}

/** One trial, as the log keeps it. */
export interface HuntTrial {
  readonly trial: number;
  readonly program: Program;
  readonly bytesSent: number;
  readonly amounts: Amounts;
  /** Bytes allocated by call site, `agent/tcp/assembler.ts#queuePages`, where they were sampled. */
  readonly sites?: Readonly<Record<string, number>> | undefined;
  /** Why there is nothing to look at: it ended early, or took too long; empty where it did not. */
  readonly failure: string;
}

/** More than a person looks at; the one with the lowest score goes. */
const sitesMax = 64;
/** Of sampled sites: below, what is sampled is chance. */
const siteBytesMin = 500_000;
const siteBetter = 1.1;
/** Programs that ended the target or took too long. */
const failuresMax = 16;

export class Champions {
  readonly measures = new Map<string, Champion>();
  readonly sites = new Map<string, Champion>();
  readonly failures: HuntTrial[] = [];
  /** Amounts without traffic worth the name: of the first trial. */
  base: Amounts | undefined;
  trials = 0;

  /** @returns the measures that it is the new champion of */
  take(done: HuntTrial): readonly Measure[] {
    this.trials = Math.max(this.trials, done.trial);
    if (done.failure !== '') {
      if (this.failures.length < failuresMax) this.failures.push(done);
      return [];
    }
    this.base ??= done.amounts;
    const won: Measure[] = [];
    for (const measure of measures) {
      const score = scoreOf(measure, done.amounts, this.base, done.bytesSent);
      const before = this.measures.get(measure.name)?.score ?? 0;
      if (score <= before * measure.better || score === 0) continue;
      this.measures.set(measure.name, championOf(done, score, done.amounts[measure.name]!));
      won.push(measure);
    }
    this.#takeSites(done);
    return won;
  }

  /** Programs that are bred from: each once. */
  get programs(): readonly Program[] {
    const byTrial = new Map(
      [...this.measures.values(), ...this.sites.values()].map((each) => [each.trial, each.program]),
    );
    return [...byTrial.keys()].sort((a, b) => a - b).map((trial) => byTrial.get(trial)!);
  }

  #takeSites(done: HuntTrial): void {
    for (const [site, bytes] of Object.entries(done.sites ?? {})) {
      const score = bytes / done.bytesSent;
      if (bytes < siteBytesMin || score <= (this.sites.get(site)?.score ?? 0) * siteBetter) continue;
      this.sites.set(site, championOf(done, score, bytes));
    }
    while (this.sites.size > sitesMax) {
      const [least] = [...this.sites].sort(([, a], [, b]) => a.score - b.score)[0]!;
      this.sites.delete(least);
    }
  }
}

function championOf({ program, bytesSent, trial }: HuntTrial, score: number, amount: number): Champion {
  return { program, score, amount, bytesSent, trial };
}
