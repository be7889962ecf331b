/** When the agent gives back what it keeps and does not use: pages of the executable, and free memory of malloc's. */
import { releaseExecutablePages } from '../capture/sys/executable-pages.ts';
import { loadLibc } from '../capture/sys/libc.ts';

/** A recorded file that is read in less time gets nothing back for what it costs to give start-up's pages back, 10 to 20 ms. */
const shortRunMs = 1000;
/** To ask for the resident memory takes 20 µs. */
const checkPauseMs = 10;
/** What headers or bodies need with those pages is less; with witnesses it would be more. */
const heldResidentBytesMax = 90e6;

/** Afterwards 1 to 5 ms of each second. */
const againPauseMs = 1000;
/** Free memory of malloc's sooner, half a millisecond, where so much has come on top: a compiler's zones, which it has for less than that. */
const grownBytesMin = 8e6;
const grownPauseMs = 200;
const againCheckMs = 50;
/** Nothing where there is little to be had: a live agent that sees no traffic takes less, its ring included. */
const againResidentBytesMin = 70e6;
/**
 * Where so much was left the last time, what lies free is soon taken again, and the governor decides what goes. It is tried now and then: else
 * one burst of compiling at the start would be held to the end.
 */
const againResidentBytesMax = 120e6;
const highPauseMs = 10_000;

/**
 * Pages of the executable come back while code is compiled and garbage collected. Compilers of V8 take megabytes of malloc's memory for a
 * moment, buffers of bodies and batches come and go: what lies above them in the one arena keeps all that resident (docs/decisions/idle-memory.md).
 */
export class IdleMemory {
  readonly #nowMs: () => number;
  readonly #residentBytes: () => number;
  readonly #startedMs: number;
  #checkedMs: number;
  /** Null while start-up's pages are held. */
  #givenBackMs: number | null = null;
  /** When malloc's memory was given back last, and what was resident then; what the executable's pages take comes back at once. */
  #trimmedMs = 0;
  #leftBytes = 0;

  /** @param nowMs monotonic */
  constructor(nowMs: () => number, residentBytes: () => number = process.memoryUsage.rss) {
    this.#nowMs = nowMs;
    this.#residentBytes = residentBytes;
    this.#startedMs = this.#checkedMs = nowMs();
  }

  check(): void {
    const now = this.#nowMs();
    const givenBackMs = this.#givenBackMs;
    if (now - this.#checkedMs < (givenBackMs === null ? checkPauseMs : againCheckMs)) return;
    this.#checkedMs = now;
    if (givenBackMs === null) {
      const isLong = now - this.#startedMs >= shortRunMs;
      if (isLong || this.#residentBytes() > heldResidentBytesMax) this.#give(now);
      return;
    }
    if (now - this.#trimmedMs < grownPauseMs) return;
    const bytes = this.#residentBytes();
    if (bytes <= againResidentBytesMin) return;
    const isHigh = bytes >= againResidentBytesMax && this.#leftBytes >= againResidentBytesMax;
    if (now - givenBackMs >= (isHigh ? highPauseMs : againPauseMs)) this.#give(now);
    else if (!isHigh && bytes - this.#leftBytes >= grownBytesMin) this.#trim(now);
  }

  /** Once everything is loaded: pages of the executable alone, since what malloc has free by then is needed soon. */
  giveBack(): void {
    if (this.#givenBackMs === null) this.#giveExecutable(this.#nowMs());
  }

  #give(now: number): void {
    this.#trim(now);
    this.#giveExecutable(now);
  }

  /** Whole pages, wherever they lie (malloc_trim(3)). */
  #trim(now: number): void {
    loadLibc()?.mallocTrim(0);
    this.#trimmedMs = now;
    this.#leftBytes = this.#residentBytes();
  }

  #giveExecutable(now: number): void {
    releaseExecutablePages();
    this.#givenBackMs = now;
  }
}
