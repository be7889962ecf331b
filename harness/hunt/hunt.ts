/**
 * The worst traffic there is: programs are changed, run, and kept where they do more for each byte they send than the champion of any bound or
 * call site (as PerfFuzz keeps one a branch: Lemieux et al., 2018; bytes held as in MemLock: Wen et al., 2020).
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createRandom } from '../../agent/seeded-random.ts';
import { keepLine, keptLines } from '../compare/kept-lines.ts';
import { type Champion, Champions, type HuntTrial } from './champions.ts';
import { isAllocation, type Measure, measures, scoreOf } from './measures.ts';
import { mutated } from './mutate.ts';
import { checkedProgram, type Program } from './program.ts';
import { type HuntSetting, type Looks, runProgram, type Trial } from './program-run.ts';
import { seedPrograms } from './seeds.ts';
import { simplifications } from './simplify.ts';

export interface HuntOptions extends HuntSetting {
  readonly seed: number;
  /** Kept: the log of trials, so that a hunt goes on where it was. */
  readonly folder: string;
  /** At a time. */
  readonly jobs: number;
  /** Of the search; what comes after it takes a third as long at most. */
  readonly budgetMs: number;
  readonly trialsMax: number;
  readonly nowMs: () => number;
  readonly confirms: boolean;
  readonly onStep: (step: HuntStep) => void;
}

export interface HuntStep {
  readonly stage: string;
  readonly trials: number;
  readonly spentMs: number;
  readonly words: string;
}

/** A champion, after all. */
export interface Finding {
  readonly measure: string;
  readonly unit: 'bytes' | 'ns';
  readonly champion: Champion;
  /** The same through a TAP device; null: not tried, or nothing measured. */
  readonly confirmed: number | null;
  /** First suspects of its spikes, then the call site that allocates most. */
  readonly suspects: readonly string[];
}

export interface Hunted {
  readonly findings: readonly Finding[];
  readonly sites: readonly { readonly site: string; readonly champion: Champion }[];
  readonly failures: readonly HuntTrial[];
  readonly trials: number;
  readonly spentMs: number;
}

/** Every so many trials one is looked at for its call sites, whatever it measured. */
const sitesEvery = 8;
/** A program takes too long when it takes longer than this many plain ones on the same machine: what else runs there slows both. */
const plainTimesMax = 8;
/** Of the plain one itself, over what any other has at least. */
const firstTimesMax = 5;
const simplifyTrialsMax = 6;
/** After a search of so many programs, as many trials more, and these at least; beside them each champion goes through the TAP device once. */
const afterTrialsMin = 3;
/** What a simpler program may lose. */
const simplerKeeps = 0.9;
/** Of the time of the search, for what comes after it; the rest of that is for the TAP lane. */
const afterShare = 1 / 3;
const simplifyShare = 0.5;

export async function hunt(options: HuntOptions): Promise<Hunted> {
  const hunting = new Hunting(options);
  await hunting.search();
  return hunting.finish();
}

class Hunting {
  readonly #options: HuntOptions;
  readonly #champions = new Champions();
  readonly #log: string;
  readonly #startMs: number;
  /** Of hunts before an interruption. */
  #before = { ms: 0, trials: 0 };
  /** What the first program took; 0: it has not ended. */
  #firstMs = 0;
  #searchedMs = 0;
  #afterTrials = 0;
  readonly #asked = new Map<string, Promise<Trial>>();
  #number = 0;

  constructor(options: HuntOptions) {
    this.#options = options;
    this.#log = path.join(options.folder, 'trials.jsonl');
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#read();
    this.#startMs = options.nowMs();
  }

  get #spentMs(): number {
    return this.#before.ms + this.#options.nowMs() - this.#startMs;
  }

  get #timeoutMs(): number {
    const least = this.#options.timeoutMs;
    return this.#firstMs === 0 ? least * firstTimesMax : Math.max(least, Math.ceil(this.#firstMs * plainTimesMax));
  }

  async search(): Promise<void> {
    const { jobs, budgetMs, trialsMax, signal } = this.#options;
    let next = this.#before.trials + 1;
    // The first alone: it is what the others are held against.
    if (next === 1) {
      await this.#tryOne(next++);
      this.#firstMs = this.#spentMs;
    }
    while (this.#spentMs < budgetMs && next <= trialsMax && !signal.aborted) {
      const numbers = Array.from({ length: Math.min(jobs, trialsMax - next + 1) }, () => next++);
      await Promise.all(numbers.map((number) => this.#tryOne(number)));
    }
    this.#searchedMs = this.#spentMs;
  }

  /** Who did it and simpler programs, the process first; then each champion once in the other lane. */
  async finish(): Promise<Hunted> {
    const { jobs } = this.#options;
    const won = measures.filter(({ name }) => this.#champions.measures.has(name));
    const findings: Finding[] = [];
    let next = 0;
    const worker = async () => {
      for (let at = next++; at < won.length; at = next++) {
        const measure = won[at]!;
        findings[at] = await this.#finished(measure, this.#champions.measures.get(measure.name)!);
      }
    };
    await Promise.all(Array.from({ length: jobs }, worker));
    const sites = [...this.#champions.sites].map(([site, champion]) => ({ site, champion }));
    return {
      findings: await this.#confirmed(findings),
      sites: sites.sort((a, b) => b.champion.score - a.champion.score),
      failures: this.#champions.failures,
      trials: this.#champions.trials,
      spentMs: this.#spentMs,
    };
  }

  /** @param share of the time for what comes after the search */
  #isAfterOver(share: number): boolean {
    const { budgetMs, signal, trialsMax } = this.#options;
    if (signal.aborted) return true;
    if (Number.isFinite(trialsMax)) return share < 1 && this.#afterTrials >= Math.max(afterTrialsMin, trialsMax);
    return this.#spentMs > Math.max(budgetMs, this.#searchedMs) * (1 + afterShare * share);
  }

  async #finished(measure: Measure, found: Champion): Promise<Finding> {
    const { name, unit, isAboveBase: isProcess } = measure;
    let suspects: readonly string[] = [];
    if (isProcess && !this.#isAfterOver(simplifyShare)) {
      // What is allocated says who allocates; what is in memory takes more looks.
      const looks = isAllocation(measure) ? 'sites' : 'explained';
      const key = `${looks} ${JSON.stringify(found.program)}`;
      // One program is often the champion of several.
      if (!this.#asked.has(key)) this.#asked.set(key, this.#after(found.program, 'exact', looks, 'who did it'));
      suspects = [...new Set((await this.#asked.get(key)!).suspects)];
    }
    const champion = await this.#simpler(measure, found, isProcess ? simplifyTrialsMax : simplifyTrialsMax / 2);
    return { measure: name, unit, champion, confirmed: null, suspects };
  }

  /** One replay through a TAP device for each program, whatever it is the champion of; one at a time: the kernel has a say in them. */
  async #confirmed(findings: readonly Finding[]): Promise<Finding[]> {
    if (!this.#options.confirms) return [...findings];
    const trials = new Map<string, Trial>();
    const confirmed: Finding[] = [];
    // Beside it the agent has the kernel's ring, and runs at the pace of the traffic: it takes more to begin with.
    const base = this.#isAfterOver(1) ? undefined : await this.#after(seedPrograms[0]!, 'tap', 'once', 'confirming');
    for (const finding of findings) {
      const key = JSON.stringify(finding.champion.program);
      if (base && !trials.has(key) && !this.#isAfterOver(1))
        trials.set(key, await this.#after(finding.champion.program, 'tap', 'once', 'confirming'));
      const measure = measures.find(({ name }) => name === finding.measure)!;
      const trial = trials.get(key);
      confirmed.push({ ...finding, confirmed: (trial && this.#scoreOf(measure, trial, base!.amounts)) || null });
    }
    return confirmed;
  }

  #after(program: Program, lane: 'exact' | 'tap', looks: Looks, stage: string): Promise<Trial> {
    this.#afterTrials += 1;
    return this.#run(program, lane, looks, stage);
  }

  /** As long as it does nine tenths of it. */
  async #simpler(measure: Measure, champion: Champion, triesMax: number): Promise<Champion> {
    let best = champion;
    let tries = 0;
    for (let isSimpler = true; isSimpler; ) {
      isSimpler = false;
      for (const program of simplifications(best.program)) {
        if (tries >= triesMax || this.#isAfterOver(simplifyShare)) return best;
        tries += 1;
        const trial = await this.#after(program, 'exact', 'once', 'simplifying');
        const score = this.#scoreOf(measure, trial);
        if (score < champion.score * simplerKeeps) continue;
        best = { ...best, program, score, bytesSent: trial.bytesSent, amount: trial.amounts[measure.name]! };
        isSimpler = true;
        break;
      }
    }
    return best;
  }

  /** @param base where there is a champion, there is one that it was held against */
  #scoreOf(measure: Measure, { amounts, bytesSent, failure }: Trial, base = this.#champions.base!): number {
    return failure === '' ? scoreOf(measure, amounts, base, bytesSent) : 0;
  }

  async #tryOne(number: number): Promise<void> {
    const program = this.#programOf(number);
    if (!program) return;
    let trial = await this.#run(program, 'exact', this.#looksOf(number), 'searching');
    if (this.#options.signal.aborted) return;
    const base = { trial: number, program };
    const won = this.#champions.take({ ...base, ...logged(trial) });
    // A new champion of the process is looked at for its call sites.
    if (trial.sites === undefined && won.some(({ isAboveBase }) => isAboveBase)) {
      trial = { ...trial, sites: (await this.#run(program, 'exact', 'sites', 'call sites')).sites };
      this.#champions.take({ ...base, ...logged(trial) });
    }
    const line: HuntTrial & { ms: number } = { ...base, ...logged(trial), ms: Math.round(this.#spentMs) };
    keepLine(this.#log, line);
    if (won.length > 0 || trial.failure !== '')
      this.#step('searching', trial.failure || `new champion of ${won.map(({ name }) => name).join(', ')}`);
  }

  /** What hunts begin with is looked at whole: it has a program for each part of the agent. */
  #looksOf(number: number): Looks {
    return number <= seedPrograms.length || number % sitesEvery === 0 ? 'sites' : 'once';
  }

  /** The same for one number and the same champions. */
  #programOf(number: number): Program | undefined {
    const seeded = seedPrograms[number - 1];
    if (seeded) return seeded;
    const random = createRandom(this.#options.seed, `trial ${number}`);
    const programs = this.#champions.programs;
    const pool = programs.length > 0 ? programs : seedPrograms;
    for (let tries = 0; tries < 20; tries += 1) {
      const program = mutated(pool[random.below(pool.length)]!, pool, random);
      if (program) return program;
    }
    return undefined;
  }

  async #run(program: Program, lane: 'exact' | 'tap', looks: Looks, stage: string): Promise<Trial> {
    this.#number += 1;
    this.#step(stage, '');
    return runProgram({ ...this.#options, timeoutMs: this.#timeoutMs }, program, {
      lane,
      looks,
      folder: path.join(this.#options.folder, `trial-${this.#number}`),
    });
  }

  #step(stage: string, words: string): void {
    this.#options.onStep({ stage, trials: this.#champions.trials, spentMs: this.#spentMs, words });
  }

  /** What is known from before. */
  #read(): void {
    for (const line of keptLines(this.#log)) {
      const done = trialOf(line);
      if (!done) continue;
      this.#champions.take(done);
      if (done.trial === 1) this.#firstMs = done.ms;
      this.#before = { ms: Math.max(this.#before.ms, done.ms), trials: Math.max(this.#before.trials, done.trial) };
    }
  }
}

function logged({ bytesSent, amounts, sites, failure }: Trial): Omit<HuntTrial, 'trial' | 'program'> {
  return { bytesSent, amounts, failure, ...(sites && { sites }) };
}

function trialOf(line: object): (HuntTrial & { ms: number }) | undefined {
  const done = line as HuntTrial & { ms: number };
  const program = checkedProgram(done.program);
  const isWhole = Number.isInteger(done.trial) && Number.isFinite(done.ms) && typeof done.amounts === 'object';
  return program && isWhole ? { ...done, program } : undefined;
}
