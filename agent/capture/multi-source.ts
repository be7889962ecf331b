/** Several live sources as one: read in turn, each for its share, so that a flood on one cannot starve the others. */
import assert from 'node:assert';
import { FloodgateError } from '../errors.ts';
import type { CaptureInterface, CaptureStats, FrameSink, RecordTaker, SourceLoad } from './frame-source.ts';
import { AdaptivePause, type LiveSource } from './live-source.ts';

/** Renumbers the interfaces of one source. */
class RenumberingSink implements FrameSink {
  target: FrameSink | null = null;
  readonly #source: LiveSource;
  readonly #all: CaptureInterface[];
  readonly #indexes: number[] = [];

  constructor(source: LiveSource, all: CaptureInterface[]) {
    this.#source = source;
    this.#all = all;
    for (let index = 0; index < source.interfaces.length; index++) this.#register(index);
  }

  get records(): RecordTaker | null {
    return this.target!.records ?? null;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, index: number): void {
    this.target!.frame(bytes, start, end, wireLength, tsUs, this.#indexes[index] ?? this.#register(index));
  }

  #register(index: number): number {
    const registered = this.#all.push(this.#source.interfaces[index]!) - 1;
    this.#indexes[index] = registered;
    return registered;
  }
}

/** The fullest decides. */
class CommonLoad implements SourceLoad {
  readonly #loads: readonly SourceLoad[];

  constructor(sources: readonly LiveSource[]) {
    this.#loads = sources.map(({ load }) => load).filter((load) => load !== undefined);
  }

  get canShedFlows(): boolean {
    return this.#loads.every((load) => load.canShedFlows);
  }

  ringFill(): number {
    return this.#loads.reduce((most, load) => Math.max(most, load.ringFill()), 0);
  }

  lagMs(nowMs: number): number {
    return this.#loads.reduce((most, load) => Math.max(most, load.lagMs(nowMs)), 0);
  }

  keepFlows(share: number, key: readonly [number, number]): void {
    for (const load of this.#loads) load.keepFlows(share, key);
  }

  flowFrames(): { readonly passed: number; readonly shed: number } {
    const all = this.#loads.map((load) => load.flowFrames());
    const sum = (of: 'passed' | 'shed') => all.reduce((total, each) => total + each[of], 0);
    return { passed: sum('passed'), shed: sum('shed') };
  }
}

export class MultiSource implements LiveSource {
  readonly interfaces: CaptureInterface[] = [];
  readonly load: SourceLoad;
  readonly #sources: readonly LiveSource[];
  readonly #sinks: readonly RenumberingSink[];
  readonly #ended: boolean[];
  readonly #onNotice: (message: string) => void;
  readonly #pause = new AdaptivePause();
  #turn = 0;
  #lastFailure: FloodgateError | null = null;

  /**
   * @param sources are owned from here on.
   * @param onNotice is called when one of them ends while others go on; the failure of the last is thrown by `read`.
   */
  constructor(sources: readonly LiveSource[], onNotice: (message: string) => void = () => {}) {
    assert(sources.length > 0);
    this.#sources = sources;
    this.load = new CommonLoad(sources);
    this.#sinks = sources.map((source) => new RenumberingSink(source, this.interfaces));
    this.#ended = sources.map(() => false);
    this.#onNotice = onNotice;
  }

  isReady(): boolean {
    return this.#sources.some((source, i) => !this.#ended[i] && source.isReady()) || this.#allEnded();
  }

  read(sink: FrameSink, framesMax: number): number {
    const count = this.#sources.length;
    const share = Math.ceil(framesMax / count);
    let delivered = 0;
    // The first in turn changes with every read: none is always served before the others.
    this.#turn = (this.#turn + 1) % count;
    for (let i = 0; i < count; i++) {
      const index = (this.#turn + i) % count;
      if (!this.#ended[index]) delivered += this.#readOne(index, sink, share);
    }
    if (delivered > 0 || !this.#allEnded()) return delivered;
    if (this.#lastFailure !== null) throw this.#lastFailure;
    return -1;
  }

  wait(timeoutMs: number): Promise<void> {
    return this.#pause.until(() => this.isReady(), timeoutMs);
  }

  stats(): CaptureStats[] {
    return this.#sources.flatMap((source) => source.stats());
  }

  stop(): void {
    for (const source of this.#sources) source.stop();
  }

  close(): void {
    for (const source of this.#sources) source.close();
  }

  #readOne(index: number, sink: FrameSink, share: number): number {
    const renumbering = this.#sinks[index]!;
    renumbering.target = sink;
    try {
      const delivered = this.#sources[index]!.read(renumbering, share);
      if (delivered >= 0) return delivered;
      this.#ended[index] = true;
    } catch (error) {
      if (!(error instanceof FloodgateError)) throw error;
      this.#ended[index] = true;
      this.#lastFailure = error;
      if (!this.#allEnded()) this.#onNotice(error.message);
    }
    return 0;
  }

  #allEnded(): boolean {
    return this.#ended.every((ended) => ended);
  }
}
