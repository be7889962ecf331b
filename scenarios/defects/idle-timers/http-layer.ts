/** The real layer; each stream has an idle timer. */
import { HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';

export * from '../../../agent/http/http-layer.ts';

const idleMs = 600_000;
const samplesMax = 200;

export class HttpLayer extends RealHttpLayer {
  idleStreams = 0;

  override open(stream: number, tsUs: number, midStream?: boolean): void {
    this.#startIdleTimer(stream, tsUs);
    super.open(stream, tsUs, midStream);
  }

  #startIdleTimer(stream: number, tsUs: number): void {
    const samples = new Array<number>(samplesMax).fill(tsUs / 1000);
    const timer = setTimeout(() => {
      if (samples[stream % samplesMax]! > 0) this.idleStreams += 1;
    }, idleMs);
    timer.unref();
  }
}
