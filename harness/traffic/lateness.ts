/** How late frames were sent after they were due: counts in steps of an eighth, so that no frame is held. Hot path: no object. */

/** Up to 8 µs a step is a microsecond; above it an eighth of a power of two, up to an hour. */
const stepsPerOctave = 8;
const octaves = 32;

export interface LatenessFigures {
  /** Frames that lateness was read for. */
  readonly frames: number;
  /** Half of them were no later; 99 of 100 were no later. At most an eighth too high. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

export class Lateness {
  readonly #counts = new Float64Array(stepsPerOctave * octaves);
  #frames = 0;
  #maxUs = 0;

  /** @param lateUs 0 where they were sent in time; @param frames that were due together */
  add(lateUs: number, frames: number): void {
    this.#frames += frames;
    if (lateUs > this.#maxUs) this.#maxUs = lateUs;
    const whole = lateUs < 0xffff_ffff ? lateUs >>> 0 : 0xffff_ffff;
    if (whole < stepsPerOctave) {
      this.#counts[whole]! += frames;
      return;
    }
    const octave = 31 - Math.clz32(whole);
    this.#counts[(octave - 2) * stepsPerOctave + ((whole >>> (octave - 3)) & 7)]! += frames;
  }

  figures(): LatenessFigures {
    return { frames: this.#frames, p50Us: this.#upTo(0.5), p99Us: this.#upTo(0.99), maxUs: this.#maxUs };
  }

  /** The upper end of the step that holds this share of the frames. */
  #upTo(share: number): number {
    let left = this.#frames * share;
    if (left === 0) return 0;
    for (let step = 0; step < this.#counts.length; step++) {
      left -= this.#counts[step]!;
      if (left > 0) continue;
      if (step < stepsPerOctave) return Math.min(step, this.#maxUs);
      const octave = Math.floor(step / stepsPerOctave) + 2;
      return Math.min(2 ** octave + ((step % stepsPerOctave) + 1) * 2 ** (octave - 3), this.#maxUs);
    }
    return this.#maxUs;
  }
}
