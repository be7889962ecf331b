/**
 * Decides how much the agent leaves out (agent/overload/ladder.ts), early enough that the kernel never has to. Pure: readings
 * come in, a step comes out.
 *
 * A step is taken when what waits grows, not when it is lost: a pause that the agent makes up for by itself costs nothing. It
 * is taken back after a while of ease; where that turns out too early, the next while is twice as long.
 */
import { relieveShare } from '../governor/governor.ts';
import { firstStepOf, OverloadLevel, type OverloadStep, overloadLadder } from './ladder.ts';

export interface OverloadReadings {
  /** Share of the ring that waits to be read. */
  readonly ringFill: number;
  /** How old the next frame is. */
  readonly lagMs: number;
  /** CPU time of the last window for each second of the clock, of what is allowed; 0 where nothing is said. */
  readonly cpuShare: number;
  /** Time of the last window that the thread was not waiting. */
  readonly busyShare: number;
  /** Counts windows: CPU is judged once in each. */
  readonly window: number;
  /** Resident memory, of what is allowed. */
  readonly memoryShare: number;
}

/** From here on growth counts: at 75 MB/s four fifths of a ring of 16 MiB, 170 ms, are still free. */
const backlogMin = 0.2;
/** A frame this old is as urgent as a ring that is full. */
const lagMsFull = 2_500;
/** Two looks this far apart say whether it grows: one block of a flood is handed over in 4 ms. */
const lookMs = 15;
/** Nearly full, and hardly less: at so many looks in a row that is no end of a flood either. */
const stuckLooks = 5;
const stuckShare = 0.01;
/** Two steps a look, three, and straight to framing. */
const backlogHigh = 0.35;
const backlogHigher = 0.5;
const backlogDanger = 0.7;
/** Ease: less than this waits, … */
const backlogEase = 0.06;
const busyEase = 0.9;
const cpuEase = 0.75;
/** Each step back at most doubles the work: with so little of it two are taken at once. */
const busyIdle = 0.22;
const cpuIdle = 0.2;
/** … and memory is this far below what it acts on. */
const memoryMargin = 0.03;
const easeMsMin = 300;
const easeMsMax = 20_000;
/** A step back that held for this long was no mistake. */
const heldMs = 5_000;
/** What is held goes as exchanges end. */
const memoryPauseMs = 500;

export class OverloadController {
  /** Index in the ladder. */
  step = 0;
  readonly #stepMax: number;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #backlogThen = 0;
  #wasHigh = false;
  #stuck = 0;
  #window = -1;
  #memoryAtMs = Number.NEGATIVE_INFINITY;
  #easeSinceMs = Number.NaN;
  #easeMs = easeMsMin;
  #loweredAtMs = Number.NEGATIVE_INFINITY;

  /** @param canShedFlows whether the last level can be had */
  constructor(canShedFlows: boolean) {
    this.#stepMax = (canShedFlows ? overloadLadder.length : firstStepOf(OverloadLevel.flows)) - 1;
  }

  get current(): OverloadStep {
    return overloadLadder[this.step]!;
  }

  /** Whether what waits is so much that work under way should be given up. */
  isDangerous = false;

  /** @returns whether the step changed */
  check(nowMs: number, readings: OverloadReadings): boolean {
    const before = this.step;
    const backlog = Math.max(readings.ringFill, readings.lagMs / lagMsFull);
    this.isDangerous = backlog >= backlogHigher;
    const up = Math.max(this.#forBacklog(nowMs, backlog), this.#forCpu(readings), this.#forMemory(nowMs, readings));
    if (up > 0) this.#raise(nowMs, up, backlog);
    else if (this.#isEasy(backlog, readings)) this.#lower(nowMs, readings);
    else this.#easeSinceMs = Number.NaN;
    return this.step !== before;
  }

  #forBacklog(nowMs: number, backlog: number): number {
    if (nowMs - this.#lookedAtMs < lookMs) return 0;
    this.#lookedAtMs = nowMs;
    // The first look past the limit compares with nothing that was: a pause may be over already.
    const growth = this.#wasHigh ? backlog - this.#backlogThen : 0;
    const wasHigh = this.#wasHigh;
    this.#wasHigh = backlog >= backlogMin;
    this.#backlogThen = backlog;
    if (!wasHigh || backlog < backlogMin) return 0;
    if (growth > 0) {
      this.#stuck = 0;
      if (backlog >= backlogHigher) return 3;
      return backlog >= backlogHigh ? 2 : 1;
    }
    // What came before the last step has to be read all the same: that takes its time.
    this.#stuck = backlog >= backlogDanger && growth > -stuckShare ? this.#stuck + 1 : 0;
    if (this.#stuck < stuckLooks) return 0;
    this.#stuck = 0;
    return 1;
  }

  #forCpu({ cpuShare, window }: OverloadReadings): number {
    if (window === this.#window) return 0;
    this.#window = window;
    if (cpuShare <= 1) return 0;
    return cpuShare >= 2 ? 3 : cpuShare >= 1.3 ? 2 : 1;
  }

  #forMemory(nowMs: number, { memoryShare }: OverloadReadings): number {
    if (memoryShare < relieveShare || nowMs - this.#memoryAtMs < memoryPauseMs) return 0;
    this.#memoryAtMs = nowMs;
    return 1;
  }

  #raise(nowMs: number, steps: number, backlog: number): void {
    this.#easeSinceMs = Number.NaN;
    if (nowMs - this.#loweredAtMs < heldMs) this.#easeMs = Math.min(easeMsMax, this.#easeMs * 2);
    this.#loweredAtMs = Number.NEGATIVE_INFINITY;
    const least = backlog >= backlogDanger ? firstStepOf(OverloadLevel.framing) : 0;
    this.step = Math.min(this.#stepMax, Math.max(this.step + steps, least));
  }

  #isEasy(backlog: number, { cpuShare, busyShare, memoryShare }: OverloadReadings): boolean {
    return (
      this.step > 0 &&
      backlog < backlogEase &&
      cpuShare < cpuEase &&
      busyShare < busyEase &&
      memoryShare < relieveShare - memoryMargin
    );
  }

  /** What was left out last is taken up first. */
  #lower(nowMs: number, { busyShare, cpuShare }: OverloadReadings): void {
    if (Number.isNaN(this.#easeSinceMs)) this.#easeSinceMs = nowMs;
    if (nowMs - this.#loweredAtMs >= heldMs && this.#loweredAtMs > 0) {
      this.#easeMs = Math.max(easeMsMin, this.#easeMs / 2);
      this.#loweredAtMs = Number.NEGATIVE_INFINITY;
    }
    const isIdle = busyShare < busyIdle && cpuShare < cpuIdle;
    if (nowMs - this.#easeSinceMs < (isIdle ? easeMsMin : this.#easeMs)) return;
    this.step = Math.max(0, this.step - (isIdle && this.#easeMs === easeMsMin ? 2 : 1));
    this.#loweredAtMs = nowMs;
    this.#easeSinceMs = nowMs;
  }
}
