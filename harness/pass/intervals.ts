/** Uses the instrument of a pass: at frame marks, by time, once a phase, whichever the instrument asks for. */
import type { PreloadChannel } from '../watch/preload-channel.ts';
import { unlessAborted } from './abortable.ts';
import type { InstrumentUse } from './instruments/instrument.ts';
import type { IntervalFrames } from './pass-result.ts';

export interface IntervalsOptions {
  /** Undefined where the instrument works by itself: nothing is done then. */
  readonly use: InstrumentUse | undefined;
  readonly channel: PreloadChannel;
  /** Frame numbers, ascending, at which an interval ends. */
  readonly frameMarks: readonly number[];
  /** Whether the traffic has come to the mark of this index. @default by the frames that were sent */
  readonly isReached?: ((mark: number, nowMs: number) => boolean) | undefined;
  /** Length of an interval that ends by time. */
  readonly intervalMs: number;
  /** No time passes for the target where no frame does. */
  readonly inStep: boolean;
  readonly signal: AbortSignal;
  /** The instrument has just been used: the target is as it left it. */
  readonly onUsed: () => void;
}

/** A target that rests works so many times as long as it was stopped; less at first, since few looks would say nothing. */
const restFactor = 1.5;
const restFactorAtFirst = 0.4;
const looksAtFirst = 12;

export class Intervals {
  readonly taken: IntervalFrames[] = [];
  /** The one who holds the traffic at the frame marks calls `end` there. */
  endsAtMarksByHold = false;
  readonly #options: IntervalsOptions;
  #nextMark = 0;
  #lastEndMs = 0;
  /** When a use by tick began, and until when the target rests. */
  #usedAtMs: number | undefined;
  #restsUntilMs = 0;
  #firstFrame = 0;
  #pending: Promise<unknown> = Promise.resolve();
  #busy = false;
  #count = 0;
  /** The one that is under way. */
  #phase = '';

  constructor(options: IntervalsOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#busy;
  }

  /** Another phase of the traffic begins. */
  phase(name: string, frames: number): void {
    const { use } = this.#options;
    if (!use?.oncePerPhase) return;
    const before = this.#phase;
    // The first of the traffic: what came before was cut off just now.
    if (before !== '' && !this.#busy) this.#use(use, frames);
    // One that ends before the profile of the last is written shares the next one.
    this.#phase = before !== '' && this.#busy && this.#phase !== '' ? `${before} + ${name}` : name;
  }

  /** Frames have been sent, or time has passed. */
  tick(frames: number, nowMs: number): void {
    const { use, frameMarks, intervalMs } = this.#options;
    if (!use || use.oncePerPhase || this.#busy) return;
    const factor = this.#count < looksAtFirst ? restFactorAtFirst : restFactor;
    if (this.#usedAtMs !== undefined) this.#restsUntilMs = nowMs + factor * (nowMs - this.#usedAtMs);
    this.#usedAtMs = undefined;
    const from = this.#nextMark;
    const isReached = (at: number) =>
      at < frameMarks.length && frames > 0 && (this.#options.isReached?.(at, nowMs) ?? frames >= frameMarks[at]!);
    const atMark = !this.endsAtMarksByHold && isReached(from) && !(use.rests && nowMs < this.#restsUntilMs);
    if (!atMark && !(use.everyInterval && nowMs - this.#lastEndMs >= intervalMs)) return;
    if (atMark) while (isReached(this.#nextMark)) this.#nextMark++;
    this.#lastEndMs = this.#usedAtMs = nowMs;
    this.#use(use, frames, frameMarks.slice(from, this.#nextMark));
  }

  /** Ends the interval whatever the frame number, after what is under way: before the first frame, and at the end. */
  async end(frames: number): Promise<void> {
    const { use, inStep } = this.#options;
    if (!use) return;
    await this.#pending;
    if (use.isLevel && inStep && this.taken.at(-1)?.lastFrame === frames) return;
    this.#use(use, frames);
    await this.#pending;
  }

  #use(use: InstrumentUse, frames: number, marks: readonly number[] = []): void {
    const { channel, signal, onUsed } = this.#options;
    const phase = this.#phase;
    this.#phase = '';
    const interval = this.#count++;
    this.#busy = true;
    const firstFrame = this.#firstFrame;
    this.#firstFrame = frames;
    // An operator who interrupts a run does not wait minutes for an instrument.
    this.#pending = unlessAborted(use.take(channel, interval), signal).then((answered) => {
      this.#busy = false;
      onUsed();
      if (!answered) return;
      const taken = { interval, firstFrame, lastFrame: frames, marks, phase: phase || undefined };
      // What is read at once is not remembered: a run of days has many intervals.
      if (use.taken) use.taken(taken, channel);
      else this.taken.push(taken);
    });
  }
}
