/**
 * The smallest capture that still does it: level after level of delta debugging, each searched in the lane that is quick and
 * confirmed in the lane that is real. **Invariant**: the file that is kept between two levels was confirmed.
 */
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { formatBytes } from '../../reports/format.ts';
import type { Lane } from '../scenario/scenario.ts';
import { amountOf, type Condition, holds, type Observation, observedWords, withMargin } from './condition.ts';
import { easedShifts, loweredShifts, shiftsBetween, stricterShifts } from './lane-shifts.ts';
import { digest, type Found, LevelSearch } from './level-search.ts';
import type { Level } from './levels.ts';
import { type Candidate, marginOf, Oracle, type OracleOptions } from './oracle.ts';
import { rewriteCapture, writeOneFrame } from './rewrite-capture.ts';
import type { Sweep } from './sweeps.ts';
import type { MinimizeState } from './trial-log.ts';

export interface MinimizeOptions extends Omit<OracleOptions, 'onTrial'> {
  /** The capture. */
  readonly source: string;
  /** Of the last word. */
  readonly lane: Exclude<Lane, 'exact'>;
  /** Whether the exact lane may be searched in. */
  readonly mayBeExact: boolean;
  /** The exact lane has the last word too. */
  readonly exactOnly: boolean;
  readonly levels: readonly (Level | Sweep)[];
  /** Connections that are likely to matter, `10.0.0.1:4000 10.0.0.2:80`. */
  readonly guess: ReadonlySet<string>;
  /** At a time, in the exact lane. */
  readonly jobs: number;
  /** Of trials, those of before an interruption included. */
  readonly budgetMs: number;
  /** As many trials, those of before an interruption included. */
  readonly trialsMax: number;
  readonly onStep: (step: MinimizeStep) => void;
}

export interface MinimizeStep {
  readonly level: string;
  /** Of the smallest that holds so far, and of the capture. */
  readonly bytes: number;
  readonly wholeBytes: number;
  readonly trials: number;
  readonly spentMs: number;
  readonly leftMs: number;
  readonly words: string;
}

export interface Minimized {
  readonly file: string;
  readonly bytes: number;
  readonly wholeBytes: number;
  readonly trials: number;
  readonly spentMs: number;
  /** A line a level. */
  readonly done: readonly string[];
  /** What the last word was. */
  readonly seen: Observation;
  readonly confirmedIn: Lane;
  readonly searchedIn: Lane;
  /** Whether levels were left out for want of time, or of trials. */
  readonly isOver: boolean;
  /** Whether something smaller held only sometimes. */
  readonly isSteppedBack: boolean;
}

/** So often is a level searched again with a stricter limit before the lane of the last word is searched in. */
const stricterMax = 2;
/** So often is a level searched again since the lane of the last word shows more of what was found. */
const easedMax = 2;
/** Of the time and the trials that are left, for one level: what is tried after it may bring more. */
const levelShare = 0.5;
/** So many captures that were kept before are there for when the smallest holds only sometimes, each of this share of the whole at most. */
const earlierMax = 2;
const earlierShare = 0.25;

/** @throws FloodgateError `condition-unmet` where the whole capture does not do it, or no traffic does it too */
export async function minimize(options: MinimizeOptions): Promise<Minimized> {
  return new Minimization(options).run();
}

class Minimization {
  readonly #options: MinimizeOptions;
  readonly #oracle: Oracle;
  readonly #wholeBytes: number;
  #state: MinimizeState;
  #bytes: number;
  #level = 'the whole capture';
  #trials = 0;
  #idleScore = 0;
  /** When the level gives way to the next, in time spent and in trials. */
  #levelEnd = { ms: 0, trials: 0 };
  /** Of the capture that the two lanes were compared by. */
  #comparedBytes: number;
  #isSteppedBack = false;

  constructor(options: MinimizeOptions) {
    this.#options = options;
    const { log, source, mayBeExact, lane } = options;
    this.#wholeBytes = statSync(source).size;
    this.#trials = log.size;
    const first: Lane = mayBeExact ? 'exact' : lane;
    this.#state = log.state ?? { levels: -1, file: '', id: 'whole', lane: first, shifts: {}, done: [], earlier: [] };
    this.#oracle = new Oracle({ ...options, onTrial: (seen) => this.#tried(seen) }, this.#state.lane);
    this.#oracle.shifts = this.#state.shifts;
    this.#bytes = statSync(this.#file).size;
    this.#comparedBytes = this.#wholeBytes;
  }

  async run(): Promise<Minimized> {
    const { levels, log } = this.#options;
    if (this.#state.levels < 0) await this.#begin();
    else {
      await this.#whole();
      await this.#lookAtIdle();
    }
    while (this.#state.levels < levels.length && !this.#isOver()) {
      const level = levels[this.#state.levels]!;
      this.#level = level.name;
      const share = this.#state.levels === levels.length - 1 ? 1 : levelShare;
      const { budgetMs, trialsMax } = this.#options;
      this.#levelEnd = {
        ms: log.spentMs + (budgetMs - log.spentMs) * share,
        trials: this.#trials + (trialsMax - this.#trials) * share,
      };
      await this.#reduceLevel(level);
    }
    const confirmed = await this.#lastWord();
    return {
      file: this.#file,
      bytes: this.#bytes,
      wholeBytes: this.#wholeBytes,
      trials: this.#trials,
      spentMs: log.spentMs,
      done: this.#state.done,
      seen: confirmed,
      confirmedIn: this.#lastLane,
      searchedIn: this.#oracle.lane,
      isOver: this.#state.levels < levels.length,
      isSteppedBack: this.#isSteppedBack,
    };
  }

  get #file(): string {
    const { source, log } = this.#options;
    return this.#state.file === '' ? source : path.join(log.folder, this.#state.file);
  }

  get #lastLane(): Lane {
    return this.#options.exactOnly ? 'exact' : this.#options.lane;
  }

  get #oneFrame(): Candidate {
    return { key: 'one frame', write: (file) => writeOneFrame(this.#options.source, file) };
  }

  #isOver(): boolean {
    const { log, budgetMs, trialsMax } = this.#options;
    return log.spentMs >= budgetMs || this.#trials >= trialsMax;
  }

  #isLevelOver(): boolean {
    const { ms, trials } = this.#levelEnd;
    return this.#options.log.spentMs >= ms || this.#trials >= trials;
  }

  #tried(seen: Observation): void {
    this.#trials += 1;
    const { log, budgetMs, onStep, condition } = this.#options;
    onStep({
      level: this.#level,
      bytes: this.#bytes,
      wholeBytes: this.#wholeBytes,
      trials: this.#trials,
      spentMs: log.spentMs,
      leftMs: Math.max(0, budgetMs - log.spentMs),
      words: observedWords(condition, seen),
    });
  }

  /** Does it, as it was typed; what is kept of it from here has to do it by a margin. */
  async #whole(): Promise<{ whole: Candidate; seen: Observation }> {
    const { condition, source } = this.#options;
    const whole: Candidate = { key: 'whole', file: source };
    const { holds: isMet, seen } = await this.#oracle.confirm(whole, this.#lastLane);
    if (!isMet) throw unmet(condition, `the whole capture does not do it: ${observedWords(condition, seen)}`);
    this.#oracle.condition = withMargin(condition, seen, marginOf(this.#lastLane));
    return { whole, seen };
  }

  /** The whole in the lane of the last word, then in the lane of the search, then nothing at all. */
  async #begin(): Promise<void> {
    const { log } = this.#options;
    const { whole, seen } = await this.#whole();
    if (this.#oracle.lane !== this.#lastLane) await this.#compareLanes(whole, seen);
    await this.#lookAtIdle();
    if (this.#oracle.lane !== this.#lastLane) await this.#ease({ candidate: whole, real: seen });
    this.#state = { ...this.#state, levels: 0, lane: this.#oracle.lane, shifts: { ...this.#oracle.shifts } };
    log.keep(this.#state);
  }

  /**
   * Whether the quick lane shows it too. What it shows more of the whole says little of the parts, since a device drops what comes too
   * fast: limits rise where a result is not confirmed, by what the lanes differ by there. Where it shows less, its limit is lower: a search
   * through the device takes as long as the traffic did, trial by trial.
   */
  async #compareLanes(candidate: Candidate, real: Observation): Promise<void> {
    const { condition } = this.#oracle;
    const quick = await this.#oracle.observe(candidate, 'exact');
    const shifts = shiftsBetween(condition, real, real);
    if (holds(condition, quick, shifts)) {
      this.#oracle.shifts = shifts;
      return;
    }
    const idle = quick.failure === '' ? await this.#oracle.observe(this.#oneFrame, 'exact') : quick;
    const lowered = idle.failure === '' ? loweredShifts(condition, { quick, real, idle }) : undefined;
    if (lowered && holds(condition, quick, lowered)) this.#oracle.shifts = lowered;
    else this.#oracle.lane = this.#lastLane;
  }

  /** A capture of one frame: what the target is without traffic. */
  async #lookAtIdle(): Promise<void> {
    const { condition } = this.#options;
    const seen = await this.#oracle.observe(this.#oneFrame, this.#oracle.lane);
    this.#idleScore = seen.failure === '' ? amountOf(this.#oracle.condition, seen, this.#oracle.shifts) : 0;
    if (holds(condition, seen)) {
      throw unmet(
        condition,
        `it is met by a single frame too, so traffic has no part in it: ${observedWords(condition, seen)}`,
      );
    }
  }

  /**
   * A level that could not be searched in the quick lane does not decide for those behind it: of what is left, both lanes may show the same.
   */
  async #returnToQuickLane(): Promise<void> {
    const { mayBeExact } = this.#options;
    if (!mayBeExact || this.#oracle.lane === 'exact' || this.#bytes * 2 > this.#comparedBytes) return;
    this.#comparedBytes = this.#bytes;
    const candidate: Candidate = { key: this.#state.id, file: this.#file };
    const real = await this.#oracle.observe(candidate, this.#lastLane);
    this.#oracle.lane = 'exact';
    this.#oracle.shifts = {};
    await this.#compareLanes(candidate, real);
    await this.#lookAtIdle();
  }

  /** Searches a level, until what it found is confirmed. */
  async #reduceLevel(level: Level | Sweep): Promise<void> {
    await this.#returnToQuickLane();
    if (!('open' in level)) {
      await this.#sweep(level);
      return;
    }
    const before = this.#state;
    let failed = 0;
    for (let again = 0; ; ) {
      const search = this.#searchOf(level);
      try {
        const found = await search.search({ id: this.#state.id, file: this.#file });
        this.#bytes = statSync(this.#file).size;
        if (found === undefined) break;
        const kept = await this.#isKept(found, level.name, failed);
        if (!kept) {
          failed += 1;
          if (search.earlier && (await this.#isEarlierKept(search.earlier, level.name))) break;
        }
        // What failed once is not searched with a lower limit again.
        else if (failed > 0 || again++ === easedMax || !(await this.#ease(kept))) break;
      } finally {
        search.close();
      }
    }
    this.#done({ levels: before.levels + 1 });
  }

  /** Where the real lane shows more of what was found, the limit of the quick one is lower from here. @returns whether it is */
  async #ease({ candidate, real }: Kept): Promise<boolean> {
    if (real === undefined) return false;
    const [quick, idle] = [
      await this.#oracle.observe(candidate, 'exact'),
      await this.#oracle.observe(this.#oneFrame, 'exact'),
    ];
    const eased = easedShifts(this.#oracle.condition, this.#oracle.shifts, { quick, real, idle });
    if (!eased) return false;
    this.#oracle.shifts = eased;
    await this.#lookAtIdle();
    return true;
  }

  #searchOf(level: Level): LevelSearch {
    const { log, guess, jobs } = this.#options;
    const options = {
      ...{ oracle: this.#oracle, folder: log.folder, guess, jobs },
      isOver: () => this.#isLevelOver(),
      onBytes: (bytes: number) => {
        this.#bytes = bytes;
      },
    };
    return new LevelSearch(options, level, this.#idleScore);
  }

  /**
   * What held on the way to what was not confirmed, where that is: the lanes may differ by more of a part than of the whole, and levels behind
   * this one go on from half of it. The lanes are compared by it anew.
   */
  async #isEarlierKept(found: Found, level: string): Promise<boolean> {
    const kept = await this.#confirmed(found, level);
    if (kept === undefined) return false;
    if (this.#oracle.lane !== this.#lastLane && kept.real) await this.#compareLanes(kept.candidate, kept.real);
    await this.#lookAtIdle();
    return true;
  }

  /** What a level found, where it is confirmed; where it is not, the next search is a stricter one. */
  async #isKept(found: Found, level: string, failed: number): Promise<Kept | undefined> {
    return this.#confirmed(found, level, (candidate, real) => this.#stricter(candidate, real, failed));
  }

  /** @param onRefused before what was not confirmed is removed */
  async #confirmed(
    found: Found,
    level: string,
    onRefused?: (candidate: Candidate, real: Observation) => Promise<void>,
  ): Promise<Kept | undefined> {
    const file = `smallest-${digest(found.key)}.pcap`;
    const candidate: Candidate = { key: found.key, file: path.join(this.#options.log.folder, file) };
    const { bytes } = found.write(candidate.file!);
    const confirmed =
      this.#oracle.lane === this.#lastLane ? undefined : await this.#oracle.confirm(candidate, this.#lastLane);
    if (confirmed === undefined || confirmed.holds) {
      this.#bytes = bytes;
      const words = `${level}: ${found.words}, ${formatBytes(bytes)}`;
      this.#done({ file, id: found.key, done: [...this.#state.done, words] });
      return { candidate, real: confirmed?.seen };
    }
    await onRefused?.(candidate, confirmed.seen);
    rmSync(candidate.file!, { force: true });
    return undefined;
  }

  #done(more: Partial<MinimizeState>): void {
    const { log } = this.#options;
    const old = this.#state;
    const isReplaced = old.file !== '' && more.file !== undefined && more.file !== old.file;
    const { file, id } = old;
    const isLight = isReplaced && statSync(this.#file).size <= this.#wholeBytes * earlierShare;
    const earlier = [...(isLight ? [{ file, id }] : []), ...old.earlier].slice(0, earlierMax);
    this.#state = { ...old, earlier, lane: this.#oracle.lane, shifts: { ...this.#oracle.shifts }, ...more };
    log.keep(this.#state);
    const kept = new Set([this.#state, ...this.#state.earlier].map((each) => each.file));
    for (const each of [old, ...old.earlier])
      if (each.file !== '' && !kept.has(each.file)) rmSync(path.join(log.folder, each.file), { force: true });
  }

  /** What held in the quick lane did not in the real one: its limit rises by what they differ by. */
  async #stricter(candidate: Candidate, real: Observation, tries: number): Promise<void> {
    const { condition } = this.#oracle;
    const quick = await this.#oracle.reconsider(candidate);
    // One trial's luck says nothing of the lanes: what is known of it now is enough.
    if (tries < stricterMax && !holds(condition, quick, this.#oracle.shifts)) return;
    const shifts = stricterShifts(condition, this.#oracle.shifts, { quick, real });
    const isStricter = Object.entries(shifts).some(([name, shift]) => shift !== (this.#oracle.shifts[name] ?? 0));
    // A limit that what is there does not pass either finds nothing.
    const base = await this.#oracle.observe({ key: this.#state.id, file: this.#file }, 'exact');
    if (tries < stricterMax && isStricter && holds(condition, base, shifts)) this.#oracle.shifts = shifts;
    else {
      this.#oracle.lane = this.#lastLane;
      this.#oracle.shifts = {};
      await this.#lookAtIdle();
    }
  }

  /** The first choice that holds in both lanes. */
  async #sweep(sweep: Sweep): Promise<void> {
    const before = this.#state;
    const { log } = this.#options;
    for (const choice of sweep.choices(this.#file)) {
      if (this.#isLevelOver()) break;
      const id = `${sweep.name} ${digest(before.id)} ${choice.words}`;
      const name = `smallest-${digest(id)}.pcap`;
      const candidate: Candidate = { key: id, file: path.join(log.folder, name) };
      const { bytes } = rewriteCapture(this.#file, candidate.file!, choice.filter);
      const isHeld = (await this.#oracle.test(candidate)).holds;
      const isSame = this.#oracle.lane === this.#lastLane;
      if (isHeld && (isSame || (await this.#oracle.confirm(candidate, this.#lastLane)).holds)) {
        this.#bytes = bytes;
        const words = `${sweep.name}: ${choice.words}, ${formatBytes(bytes)}`;
        this.#done({ levels: before.levels + 1, file: name, id, done: [...before.done, words] });
        return;
      }
      rmSync(candidate.file!, { force: true });
    }
    this.#done({ levels: before.levels + 1 });
  }

  /** Of the smallest that holds twice: what holds only sometimes gives way to what was kept before it. */
  async #lastWord(): Promise<Observation> {
    const { condition } = this.#options;
    this.#level = 'the last word';
    for (;;) {
      const candidate: Candidate = { key: this.#state.id, file: this.#file };
      // Of the whole nothing more is known than that it does it.
      if (this.#state.file === '') this.#oracle.condition = condition;
      const { holds: isMet, seen } = await this.#oracle.confirm(candidate, this.#lastLane, true);
      if (isMet) return seen;
      const [before, ...earlier] = this.#state.earlier;
      if (!before) throw unmet(condition, `what was found does it only sometimes: ${observedWords(condition, seen)}`);
      // A line for each that was kept.
      this.#done({ ...before, earlier, done: this.#state.done.slice(0, -1) });
      this.#bytes = statSync(this.#file).size;
      this.#isSteppedBack = true;
    }
  }
}

/** What is confirmed. */
interface Kept {
  readonly candidate: Candidate;
  /** In the lane of the last word; undefined where the search goes through it. */
  readonly real: Observation | undefined;
}

function unmet({ text }: Condition, why: string): FloodgateError {
  return new FloodgateError('condition-unmet', `"${text}": ${why}`, {
    hint: 'Give the condition that the run shows: floodgate report RUN prints its figures.',
  });
}
