/**
 * Watches the process against its ceiling and says what to shed, so that the machine never has to. Pure: readings come
 * in by functions, `check` is called by the agent's loop.
 *
 * Policy: at each share of the ceiling one more thing goes (`pressureShares`, in the order of `Pressure`). A level is left
 * again only below its share by a margin, after some time: no flapping. Garbage is no reason to shed: before a level
 * rises a collection is asked for, at most one in `collectionPauseMs`. At the ceiling itself the agent ends, with an exit
 * code of its own.
 */
import { FloodgateError } from '../errors.ts';
import { Pressure } from '../tcp/limits.ts';

/** Share of the ceiling from which each level of `Pressure` holds. */
export const pressureShares = [0, 0.82, 0.89, 0.95] as const;
/**
 * From here on less is made (agent/overload/controller.ts), before streams are refused: an exchange left out is estimated, a
 * stream refused is not. Garbage is no reason for that either.
 */
export const relieveShare = 0.76;
/** How far below its share a level ends, … */
const releaseMargin = 0.04;
/** … and for how long at least it holds. */
const holdMsMin = 500;
/** A full collection takes some 100 ms at these sizes: this bounds its share of the time to a twentieth. */
const collectionPauseMs = 2_000;
/** Reading resident memory costs up to half a millisecond: a hundredth of the time at this pace. */
const checkPauseMs = 50;

export const memoryCeilingExitCode = 4;

export interface GovernorOptions {
  readonly ceilingBytes: number;
  readonly nowMs: () => number;
  readonly residentBytes: () => number;
  /** Share of V8's own limit that is in use: beyond it the runtime aborts, whatever our ceiling says. */
  readonly heapShare: () => number;
  /** Collects garbage, now. */
  readonly collect: () => void;
  /** Called with each new level. */
  readonly apply: (level: Pressure) => void;
}

export class Governor {
  level: Pressure = Pressure.none;
  /** Share of the ceiling at the last look; garbage that is collected already is not in it. */
  share = 0;
  /** Highest share of the ceiling seen, 1 at the ceiling. */
  sharePeak = 0;
  /** How often each level was entered. */
  readonly entered = { refuseStreams: 0, shedOutOfOrder: 0, shedBodies: 0 };
  collections = 0;
  readonly #options: GovernorOptions;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #raisedAtMs = Number.NEGATIVE_INFINITY;
  #collectedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: GovernorOptions) {
    this.#options = options;
  }

  /** Looks, if it is time again. @throws FloodgateError `memory-ceiling`, exit code 4. */
  check(): void {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#checkedAtMs < checkPauseMs) return;
    this.#checkedAtMs = nowMs;
    let share = this.#share();
    const isNeeded = levelFor(share) > this.level || (share >= relieveShare && this.share < relieveShare);
    if (isNeeded && nowMs - this.#collectedAtMs >= collectionPauseMs) {
      this.#collectedAtMs = nowMs;
      this.collections += 1;
      this.#options.collect();
      share = this.#share();
    }
    this.share = share;
    if (share > this.sharePeak) this.sharePeak = share;
    if (share >= 1) throw this.#ceilingReached(share);
    this.#settle(share, nowMs);
  }

  /** Counters and gauges by name. */
  snapshot(): Record<string, number> {
    return {
      'governor.level': this.level,
      'governor.sharePeak': this.sharePeak,
      'governor.refuseStreamsEntered': this.entered.refuseStreams,
      'governor.shedOutOfOrderEntered': this.entered.shedOutOfOrder,
      'governor.shedBodiesEntered': this.entered.shedBodies,
      'governor.collections': this.collections,
      'governor.ceilingBytes': this.#options.ceilingBytes,
    };
  }

  #share(): number {
    return Math.max(this.#options.residentBytes() / this.#options.ceilingBytes, this.#options.heapShare());
  }

  #settle(share: number, nowMs: number): void {
    const wanted = levelFor(share);
    if (wanted > this.level) {
      this.#raisedAtMs = nowMs;
      this.#enter(wanted);
    } else if (wanted < this.level) {
      const isWellBelow = share < pressureShares[this.level]! - releaseMargin;
      // One level at a time: what was shed last is taken up first.
      if (isWellBelow && nowMs - this.#raisedAtMs >= holdMsMin) this.#enter((this.level - 1) as Pressure);
    }
  }

  #enter(level: Pressure): void {
    if (level > this.level) {
      if (level === Pressure.refuseStreams) this.entered.refuseStreams += 1;
      else if (level === Pressure.shedOutOfOrder) this.entered.shedOutOfOrder += 1;
      else this.entered.shedBodies += 1;
    }
    this.level = level;
    this.#options.apply(level);
  }

  #ceilingReached(share: number): FloodgateError {
    const { ceilingBytes } = this.#options;
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    const message = `memory ceiling reached: ${megabytes(share * ceilingBytes)} of ${megabytes(ceilingBytes)}`;
    return new FloodgateError('memory-ceiling', message, {
      exitCode: memoryCeilingExitCode,
      hint: 'give it more with --memory-ceiling, or less to hold with --memory, --streams or --filter',
    });
  }
}

function levelFor(share: number): Pressure {
  let level: number = Pressure.none;
  while (level < Pressure.shedBodies && share >= pressureShares[level + 1]!) level += 1;
  return level as Pressure;
}
