/** What the agent took of the processor lately, in windows of fixed length. Pure: figures come in by functions. */

export interface MeterOptions {
  /** Monotonic. */
  readonly nowMs: () => number;
  /** CPU time of the process so far, all threads, µs. */
  readonly cpuUs: () => number;
  /** Time of this thread's event loop so far, ms. */
  readonly loop: () => { readonly idle: number; readonly active: number };
}

/** Long enough for a collection of garbage not to count as load, short enough for a ring that fills within 0.2 s. */
const windowMs = 250;

export class LoadMeter {
  /** Of the last window: of one core, all threads. */
  cpuShare = 0;
  /** Of the last window: time that the loop did not wait. */
  busyShare = 0;
  /** Windows so far. */
  window = 0;
  readonly #options: MeterOptions;
  #startMs: number;
  #startCpuUs: number;
  #startLoop: { readonly idle: number; readonly active: number };

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#startMs = options.nowMs();
    this.#startCpuUs = options.cpuUs();
    this.#startLoop = options.loop();
  }

  tick(nowMs: number): void {
    const passedMs = nowMs - this.#startMs;
    if (passedMs < windowMs) return;
    const cpuUs = this.#options.cpuUs();
    const loop = this.#options.loop();
    const active = loop.active - this.#startLoop.active;
    const all = active + loop.idle - this.#startLoop.idle;
    this.cpuShare = (cpuUs - this.#startCpuUs) / 1000 / passedMs;
    this.busyShare = all > 0 ? active / all : 0;
    this.window += 1;
    this.#startMs = nowMs;
    this.#startCpuUs = cpuUs;
    this.#startLoop = loop;
  }
}
