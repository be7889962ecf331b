/** The inside of a sending thread: each frame waits until it is due, is written, and is counted. Hot path. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import type { LinkDevice } from '../link/link.ts';
import { type Clock, farOffUs, Pacer } from '../traffic/pacer.ts';
import { ProfileClock } from '../traffic/rate-profile.ts';
import { type Schedule, scheduleOf } from '../traffic/schedule.ts';
import type { Pace } from '../traffic/traffic.ts';
import type { SentTotals } from './ledger.ts';
import type { Pacing, SentPart } from './sender.ts';
import type { SenderControl } from './sender-control.ts';

/** Progress is published every so many frames (and around every pause): 10 ms at the slowest pace that matters. */
const framesPerPublish = 32;

/** Half of what the pacer calls far off. */
const pieceUs = farOffUs / 2;

export interface TransmissionOptions {
  readonly link: LinkDevice;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly control: SenderControl;
  /** Called when the traffic is held and everything sent has left. */
  readonly onHold: () => void;
}

export class Transmission implements FrameSink {
  readonly #link: LinkDevice;
  readonly #schedule: Schedule;
  readonly #clock: Clock;
  readonly #pacer: Pacer;
  readonly #control: SenderControl;
  readonly #onHold: () => void;
  readonly #isPaced: boolean;
  #frames = 0;
  #bytes = 0;
  #firstTsUs = Number.NaN;
  #lastTsUs = 0;
  #trafficUs = 0;
  #stopped = false;
  #dueUs = 0;
  /** When the last frame was sent, after the first; the clock is not read for every frame. */
  #sentUs = 0;
  readonly #partEndsUs: readonly number[];
  #parts: SentPart[] = [];
  /** When the part under way ends. */
  #partEndUs: number;

  constructor(options: TransmissionOptions) {
    this.#link = options.link;
    this.#schedule = scheduleOf(options.pace);
    this.#isPaced = options.pace.kind !== 'topspeed';
    this.#clock = options.clock;
    this.#pacer = new Pacer(options.clock);
    this.#control = options.control;
    this.#onHold = options.onHold;
    this.#partEndsUs = options.pace.kind === 'profile' ? new ProfileClock(options.pace).partEndsUs : [];
    this.#partEndUs = this.#partEndsUs[0] ?? Number.POSITIVE_INFINITY;
  }

  /** Waits for `start`, then the clock runs. */
  begin(): void {
    this.#control.waitForStart();
    this.#pacer.start();
  }

  get isStopped(): boolean {
    return this.#stopped || this.#control.isStopped;
  }

  /** After the last frame. */
  get pacing(): Pacing | undefined {
    if (!this.#isPaced) return undefined;
    if (this.#parts.length < this.#partEndsUs.length) this.#endPart();
    const lateness = this.#pacer.lateness();
    return { ...lateness, dueUs: this.#dueUs, sentUs: this.#sentUs, parts: this.#parts };
  }

  totals(bytesRefused: number): SentTotals {
    return {
      framesSent: this.#frames,
      bytesSent: this.#bytes,
      framesRefused: this.#link.framesRefused,
      bytesRefused,
    };
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (this.#stopped) return;
    if (this.#control.mustHold(this.#frames)) this.#hold();
    if (Number.isNaN(this.#firstTsUs)) this.#firstTsUs = tsUs;
    // Where the clock of the traffic was set back it goes on from there: nothing is sent before its time for that.
    if (tsUs < this.#lastTsUs) this.#firstTsUs -= this.#lastTsUs - tsUs;
    this.#lastTsUs = tsUs;
    this.#trafficUs = tsUs - this.#firstTsUs;
    if (this.#isPaced) this.#waitUntilDue();
    if ((this.#isPaced || this.#frames % framesPerPublish === 0) && this.#control.isStopped) {
      this.#stopped = true;
      return;
    }
    this.#link.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
    // On its way at once where it is on time; together where time is short, or is not looked at.
    if (this.#isPaced && !this.#pacer.isFarBehind) this.#link.flush();
    this.#frames += 1;
    this.#bytes += end - start;
    if (this.#isPaced) this.#sentUs = Math.max(this.#dueUs, 0) + this.#pacer.behindUs;
    if (this.#frames % framesPerPublish === 0) this.publish();
  }

  publish(): void {
    const behindUs = this.#isPaced ? this.#pacer.behindUs : 0;
    this.#control.publish(this.#frames, this.#bytes, this.#pacer.elapsedUs(), behindUs, this.#trafficUs);
  }

  /** A long wait is cut into pieces, so that an order to pause or stop is seen. */
  #waitUntilDue(): void {
    const dueUs = this.#schedule(this.#trafficUs, this.#frames, this.#bytes);
    while (this.#pacer.isFarOff(dueUs)) {
      this.#link.flush();
      this.#clock.sleepUs(pieceUs);
      this.publish();
      if (this.#control.mustHold(this.#frames)) this.#hold();
      if (this.#control.isStopped) return;
    }
    this.#dueUs = dueUs;
    while (dueUs >= this.#partEndUs) this.#endPart();
    // How late frames are is read off the clock when they have been sent.
    if (this.#pacer.looksUp(dueUs)) this.#link.flush();
    this.#pacer.waitUntil(dueUs);
  }

  #endPart(): void {
    this.#parts.push({ frames: this.#frames, bytes: this.#bytes, sentUs: this.#sentUs });
    this.#partEndUs = this.#partEndsUs[this.#parts.length] ?? Number.POSITIVE_INFINITY;
  }

  #hold(): void {
    const sinceUs = this.#clock.nowUs();
    this.#link.flush();
    this.publish();
    this.#control.hold(this.#frames, this.#onHold);
    this.#pacer.shift(this.#clock.nowUs() - sinceUs);
  }
}
