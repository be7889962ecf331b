/**
 * Looks at the load between any two reads, and has less made where it is too much: the controller decides, the sampler
 * chooses, the source's filter keeps connections out. What it decided is in the statistics, in batches and on standard error.
 */
import type { SourceLoad } from '../capture/frame-source.ts';
import { OverloadController } from './controller.ts';
import type { ExchangeSampler } from './exchange-sampler.ts';
import { describeStep, OverloadLevel, type OverloadStep } from './ladder.ts';
import { LoadMeter, type MeterOptions } from './load-meter.ts';
import type { OverloadMark } from './mark.ts';

export interface OverloadOptions extends MeterOptions {
  readonly load: SourceLoad;
  readonly sampler: ExchangeSampler;
  /** CPU time allowed, of one core; null: whatever there is. */
  readonly cpuMax: number | null;
  /** Since the epoch: the packets' clock. */
  readonly epochMs: () => number;
  /** Resident memory, of what is allowed. */
  readonly memoryShare: () => number;
  /** Random, for the choice of connections. */
  readonly key: readonly [number, number];
  readonly report: (line: string) => void;
}

/** Fewer frames say little about the share that is seen: they are taken together with those of the next window. */
const flowFramesMin = 200;
/** Weights have an end. */
const flowShareLeast = 1 / 4096;
/** A look costs some 2 µs. */
const checkMs = 4;
/** A line of each change would be a flood of its own. */
const reportMs = 2_000;

const entered = ['bodies', 'witnesses', 'framing', 'flows'] as const;

export class Overload {
  /** Times each level was entered from below, and time spent at it, ms. */
  readonly #entered = [0, 0, 0, 0];
  readonly #spentMs = [0, 0, 0, 0];
  readonly #options: OverloadOptions;
  readonly #controller: OverloadController;
  readonly #meter: LoadMeter;
  /** Of the time since connections are left out, or of the last window of that. */
  #flows = { passed: 0, shed: 0 };
  #flowWindow = -1;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  #reportedLevel: OverloadLevel = OverloadLevel.none;
  #levelMax: OverloadLevel = OverloadLevel.none;
  #ringFill = 0;
  #ringFillPeak = 0;
  #lagMs = 0;
  #lagPeakMs = 0;

  constructor(options: OverloadOptions) {
    this.#options = options;
    this.#controller = new OverloadController(options.load.canShedFlows);
    this.#meter = new LoadMeter(options);
  }

  get mark(): OverloadMark {
    const { level, witnessShare } = this.#controller.current;
    return { level, share: witnessShare * this.#options.sampler.flowShare };
  }

  /** Call between any two reads. */
  check(): void {
    const nowMs = this.#options.nowMs();
    const passedMs = nowMs - this.#checkedAtMs;
    if (passedMs < checkMs) return;
    this.#checkedAtMs = nowMs;
    const { load, sampler, cpuMax, epochMs, memoryShare } = this.#options;
    const meter = this.#meter;
    const controller = this.#controller;
    meter.tick(nowMs);
    this.#ringFill = load.ringFill();
    this.#lagMs = load.lagMs(epochMs());
    this.#ringFillPeak = Math.max(this.#ringFillPeak, this.#ringFill);
    this.#lagPeakMs = Math.max(this.#lagPeakMs, this.#lagMs);
    const { level, flowShare } = controller.current;
    if (level > 0 && passedMs < 60_000) this.#spentMs[level - 1]! += passedMs;
    const isChanged = controller.check(nowMs, {
      ringFill: this.#ringFill,
      lagMs: this.#lagMs,
      cpuShare: cpuMax === null ? 0 : meter.cpuShare / cpuMax,
      busyShare: meter.busyShare,
      window: meter.window,
      memoryShare: memoryShare(),
    });
    if (isChanged) this.#apply(level, flowShare);
    this.#measureFlows();
    if (controller.isDangerous && controller.current.level > OverloadLevel.none) sampler.giveUpBodies();
    this.#reportChange(nowMs);
  }

  /** Counters and gauges by name. */
  snapshot(): Record<string, number> {
    const { sampler } = this.#options;
    const { level, bodyShare, witnessShare, flowShare } = this.#controller.current;
    const figures: Record<string, number> = {
      'overload.level': level,
      'overload.levelMax': this.#levelMax,
      'overload.bodyShare': bodyShare,
      'overload.witnessShare': witnessShare,
      'overload.flowShare': flowShare,
      'overload.ringFill': this.#ringFill,
      'overload.ringFillPeak': this.#ringFillPeak,
      'overload.lagMs': Math.round(this.#lagMs),
      'overload.lagPeakMs': Math.round(this.#lagPeakMs),
      'overload.cpuShare': this.#meter.cpuShare,
      'overload.busyShare': this.#meter.busyShare,
    };
    for (const [at, name] of entered.entries()) {
      figures[`overload.${name}Entered`] = this.#entered[at]!;
      figures[`overload.${name}Ms`] = Math.round(this.#spentMs[at]!);
    }
    for (const [name, value] of Object.entries(sampler.counters)) figures[`overload.${name}`] = value as number;
    figures['overload.endpointsEvicted'] = sampler.endpointsEvicted;
    return figures;
  }

  #apply(levelBefore: OverloadLevel, flowShareBefore: number): void {
    const { load, sampler, key } = this.#options;
    const step = this.#controller.current;
    for (let level = levelBefore + 1; level <= step.level; level += 1) this.#entered[level - 1]! += 1;
    if (step.level > this.#levelMax) this.#levelMax = step.level;
    sampler.setStep(step);
    if (step.flowShare === flowShareBefore) return;
    load.keepFlows(step.flowShare, key);
    this.#flows = load.flowFrames();
    this.#flowWindow = this.#meter.window;
    sampler.flowShare = step.flowShare;
  }

  /**
   * Connections differ, and there may be few: what stands for the others is the share of frames that is seen, which is counted,
   * and not the share that was asked for. (A ratio estimate: Cochran, "Sampling techniques", chapter 6.)
   */
  #measureFlows(): void {
    const { load, sampler } = this.#options;
    const { window } = this.#meter;
    if (this.#controller.current.flowShare === 1 || window === this.#flowWindow) return;
    this.#flowWindow = window;
    const { passed, shed } = load.flowFrames();
    const seen = passed - this.#flows.passed;
    const all = seen + shed - this.#flows.shed;
    if (all < flowFramesMin) return;
    if (seen > 0) sampler.flowShare = Math.max(seen / all, flowShareLeast);
    this.#flows = { passed, shed };
  }

  /** Levels as they change, the highest at once, the others now and then. */
  #reportChange(nowMs: number): void {
    const step = this.#controller.current;
    if (step.level === this.#reportedLevel) return;
    if (step.level < this.#reportedLevel && nowMs - this.#reportedAtMs < reportMs) return;
    if (step.level > this.#reportedLevel && nowMs - this.#reportedAtMs < reportMs / 10) return;
    this.#reportedAtMs = nowMs;
    this.#reportedLevel = step.level;
    this.#options.report(`overload: ${describeStep(step)} ${this.#why(step)}`);
  }

  #why({ level }: OverloadStep): string {
    const percent = (share: number) => `${Math.round(share * 100)} %`;
    const cpu = `CPU ${percent(this.#meter.cpuShare)} of a core`;
    return `(level ${level} of 4; ring ${percent(this.#ringFill)} full, ${Math.round(this.#lagMs)} ms behind, ${cpu})`;
  }
}
