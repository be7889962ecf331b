/** Watches the memory of something that runs, and says when it has spiked: in a fixed amount of memory, for as long as it runs. */

import { SideProfiles } from './side-profiles.ts';
import type { SpikeRule } from './spike-rule.ts';
import { UsualLevel } from './spike-rule.ts';
import type { Watched } from './watched.ts';

export interface SpikeSeen {
  /** When the level was passed. */
  readonly startMs: number;
  readonly usualBytes: number;
  readonly levelBytes: number;
  /** Raised while the spike is looked at. */
  topBytes: number;
  topMs: number;
}

export interface SpikeWatchOptions {
  readonly watched: Watched;
  readonly rule: SpikeRule;
  /** Looked at after the spike, as well as before. */
  readonly keepMs: number;
  readonly profileEveryMs: number;
  readonly nowMs: () => number;
  /** Once what came after the spike has been seen, too. */
  readonly onSpike: (spike: SpikeSeen) => void;
  /** The usual level is known: from now on a spike is one. */
  readonly onUsual: (usualBytes: number) => void;
  /** It is gone: nothing more is watched. */
  readonly onGone: () => void;
}

const sampleEveryMs = 100;

export class SpikeWatch {
  readonly profiles: SideProfiles | undefined;
  readonly usual = new UsualLevel();
  readonly #options: SpikeWatchOptions;
  /** Readings of twice the time kept and a little more, as a ring. */
  readonly #tMs: Float64Array;
  readonly #bytes: Float64Array;
  #count = 0;
  #spike: SpikeSeen | undefined;
  #isArmed = true;
  #profiledMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SpikeWatchOptions) {
    this.#options = options;
    const { channel } = options.watched;
    this.profiles = channel && new SideProfiles(channel, options.nowMs);
    const readings = Math.ceil((2 * options.keepMs) / sampleEveryMs) + 100;
    this.#tMs = new Float64Array(readings);
    this.#bytes = new Float64Array(readings);
  }

  start(): void {
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A spike that is still looked at ends now. */
  finish(): void {
    this.stop();
    const spike = this.#spike;
    this.#spike = undefined;
    if (spike) this.#options.onSpike(spike);
  }

  /** Readings since a moment, as far as they are kept. */
  readings(fromMs: number): { readonly tMs: number[]; readonly bytes: number[] } {
    const length = Math.min(this.#count, this.#tMs.length);
    const out = { tMs: [] as number[], bytes: [] as number[] };
    for (let i = this.#count - length; i < this.#count; i += 1) {
      const at = i % this.#tMs.length;
      if (this.#tMs[at]! < fromMs) continue;
      out.tMs.push(Math.round(this.#tMs[at]!));
      out.bytes.push(this.#bytes[at]!);
    }
    return out;
  }

  #sample(): void {
    const { watched, rule, keepMs, nowMs, onSpike, onGone } = this.#options;
    const bytes = watched.bytes();
    const tMs = nowMs();
    if (bytes < 0) {
      this.finish();
      onGone();
      return;
    }
    const at = this.#count % this.#tMs.length;
    this.#tMs[at] = tMs;
    this.#bytes[at] = bytes;
    this.#count += 1;
    const usual = this.usual.medianBytes;
    this.usual.add(tMs, bytes);
    if (usual === undefined && this.usual.medianBytes !== undefined) this.#options.onUsual(this.usual.medianBytes);
    this.#profileIfDue(tMs);
    if (usual === undefined) return;
    const level = rule.levelOf(usual);
    const spike = this.#spike;
    if (spike) {
      if (bytes > spike.topBytes) {
        spike.topBytes = bytes;
        spike.topMs = tMs;
      }
      if (tMs - spike.startMs < keepMs) return;
      this.#spike = undefined;
      onSpike(spike);
    } else if (bytes < level) this.#isArmed = true;
    else if (this.#isArmed) {
      // One that stays up is one spike: the next one begins below.
      this.#isArmed = false;
      this.#spike = { startMs: tMs, usualBytes: usual, levelBytes: level, topBytes: bytes, topMs: tMs };
      this.#profiledMs = tMs;
      void this.profiles?.take();
    }
  }

  #profileIfDue(tMs: number): void {
    if (!this.profiles || this.#spike || tMs - this.#profiledMs < this.#options.profileEveryMs) return;
    this.#profiledMs = tMs;
    void this.profiles.take();
  }
}
