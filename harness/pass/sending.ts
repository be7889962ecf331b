/** Sends the traffic of a pass, and meanwhile samples what was sent, follows the phases, uses the instrument and reports progress. */
import type { Feed, Flow } from '../feed/feed.ts';
import { type HeldFlow, Hold } from '../feed/hold.ts';
import type { SendResult } from '../feed/sender.ts';
import type { GivenUp, Target } from '../target/target.ts';
import type { MemoryWatch } from '../watch/memory-watch.ts';
import { SampleTable } from '../watch/sample-table.ts';
import { sentColumns } from '../watch/sampled-columns.ts';
import type { StatsTail } from '../watch/stats-tail.ts';
import { aborted, pause } from './abortable.ts';
import type { GiveUp } from './give-up.ts';
import type { Intervals } from './intervals.ts';
import type { LaneRules } from './lane-rules.ts';
import { Phases } from './phases.ts';

export type SendingStage = 'starting' | 'sending' | 'settling' | 'stopping';

export interface SendingProgress {
  readonly stage: SendingStage;
  readonly frames: number;
  readonly bytes: number;
  readonly framesExpected: number | undefined;
  readonly elapsedMs: number;
  readonly rssBytes: number;
}

export interface SendingOptions {
  readonly feed: Feed;
  readonly rules: LaneRules;
  /** The traffic waits for a slowed target, and stands still while the instrument is used. */
  readonly holdsTraffic: boolean;
  readonly frameMarks: readonly number[];
  readonly sampleMs: number;
  /** Watched before the first frame. */
  readonly idleMs: number;
  readonly watch: MemoryWatch;
  readonly intervals: Intervals;
  readonly tail: StatsTail;
  /** Undefined for a target that is not ours to end. */
  readonly giveUp: GiveUp | undefined;
  readonly nowMs: () => number;
  readonly onProgress: (progress: SendingProgress) => void;
}

export class Sending {
  readonly sent = new SampleTable(sentColumns);
  /** The target was still there when the traffic began. */
  isTried = false;
  startMs = 0;
  endMs = 0;
  frames = 0;
  result: SendResult | undefined;
  /** Called once, where the target is to be ended. */
  onGiveUp: ((why: GivenUp) => void) | undefined;
  readonly #options: SendingOptions;
  #stage: SendingStage = 'starting';
  #flow: Flow | undefined;
  #phases: Phases | undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(options: SendingOptions) {
    this.#options = options;
  }

  /** Resolves when everything was sent and taken, or the signal says stop. */
  async send(target: Target, signal: AbortSignal): Promise<void> {
    const { feed, rules, intervals } = this.#options;
    const flow = await this.#open(target);
    await pause(this.#options.idleMs, signal);
    // What the target allocated while it started is an interval of its own, with no frame in it.
    await intervals.end(0);
    await this.#sendAll(flow, signal);
    // A reader whose input ends is gone soon after: its last interval is taken before.
    if (rules.endsWithInput) await intervals.end(flow.progress().frames);
    // The exact lane's reader decides how long this takes.
    if (!signal.aborted) await Promise.race([feed.finish(), target.exited, aborted(signal)]);
    this.endMs = this.#options.nowMs();
    this.#tick();
    this.#stage = 'settling';
    this.#beginPhase(rules.phaseNames[1]);
  }

  /** Safe to call twice. */
  stop(): void {
    this.#stage = 'stopping';
    clearInterval(this.#ticker);
    this.#options.tail.close();
    this.#flow?.stop();
  }

  async #open(target: Target): Promise<Flow> {
    const { feed, rules, watch, sampleMs } = this.#options;
    const flow = await feed.open(target);
    this.#flow = flow;
    this.#phases = new Phases(rules.phaseNames[0], flow.description.phases, (name) => this.#beginPhase(name));
    watch.sample();
    this.#ticker = setInterval(() => this.#tick(), sampleMs);
    return flow;
  }

  async #sendAll(flow: Flow, signal: AbortSignal): Promise<void> {
    const stop = () => flow.stop();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    this.#stage = 'sending';
    const hold = this.#holdOf(flow, signal);
    const held = hold?.run();
    this.#options.watch.beginTraffic();
    this.startMs = this.endMs = this.#options.nowMs();
    this.isTried = !signal.aborted;
    flow.start();
    try {
      this.result = await flow.done;
    } finally {
      hold?.stop();
      await held;
      signal.removeEventListener('abort', stop);
    }
    if (!signal.aborted) await hold?.finish(flow.progress().frames);
  }

  #lookWhetherToGiveUp(framesSent: number, nowMs: number): void {
    const { giveUp, intervals, watch } = this.#options;
    const isOver = this.#stage === 'settling' || this.#stage === 'stopping';
    const why = giveUp?.look({ nowMs, framesSent, rssBytes: watch.rssBytes, isBusy: intervals.isBusy || isOver });
    if (why === undefined) return;
    this.onGiveUp?.(why);
    this.onGiveUp = undefined;
  }

  #holdOf(flow: Flow, signal: AbortSignal): Hold | undefined {
    const { holdsTraffic, rules, intervals, tail, frameMarks, nowMs } = this.#options;
    if (!holdsTraffic || !flow.pauseAt || !flow.resume) return undefined;
    intervals.endsAtMarksByHold = true;
    return new Hold({
      flow: flow as HeldFlow,
      tail,
      frameMarks,
      framesAheadMax: rules.framesAheadMax,
      atMark: (frames) => intervals.end(frames),
      pause: (ms) => pause(ms, signal),
      signal,
      nowMs,
    });
  }

  #beginPhase(name: string): void {
    this.#options.watch.phase(name);
    this.#options.intervals.phase(name, this.frames);
  }

  #tick(): void {
    const { watch, intervals, onProgress } = this.#options;
    const { description } = this.#flow!;
    const { frames, bytes, trafficUs } = this.#flow!.progress();
    const nowMs = this.#options.nowMs();
    this.frames = frames;
    this.sent.add(nowMs, [frames, bytes, trafficUs / 1000]);
    if (frames > 0 && this.#stage === 'sending') this.#phases!.at(trafficUs);
    intervals.tick(frames, nowMs);
    this.#lookWhetherToGiveUp(frames, nowMs);
    const { framesExpected } = description;
    onProgress({ stage: this.#stage, frames, bytes, framesExpected, elapsedMs: nowMs, rssBytes: watch.rssBytes });
  }
}
