/** The real layer; messages are counted by connection. */
import { type HttpLayerOptions, HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';
import type { HttpMessage } from '../../../agent/http/message-handler.ts';
import { MessageWatch } from '../message-watch.ts';

export * from '../../../agent/http/http-layer.ts';

export class HttpLayer extends RealHttpLayer {
  constructor(options: HttpLayerOptions) {
    super({ ...options, handler: new ConnectionHistograms(options.handler) });
  }
}

const bucketsMax = 1_024;

class ConnectionHistograms extends MessageWatch {
  readonly #histograms = new Map<number, Float64Array>();

  override end(message: HttpMessage): void {
    const histogram = this.#histogramOf(message.connection);
    histogram[((message.lastTsUs - message.tsUs) % bucketsMax) | 0]! += 1;
    super.end(message);
  }

  #histogramOf(connection: number): Float64Array {
    const known = this.#histograms.get(connection);
    if (known !== undefined) return known;
    const histogram = new Float64Array(bucketsMax).fill(1);
    this.#histograms.set(connection, histogram);
    return histogram;
  }
}
