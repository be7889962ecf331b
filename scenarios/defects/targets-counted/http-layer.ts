/** The real layer; requests are counted by their targets. */
import { type HttpLayerOptions, HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';
import type { HttpMessage } from '../../../agent/http/message-handler.ts';
import { MessageWatch } from '../message-watch.ts';

export * from '../../../agent/http/http-layer.ts';

export class HttpLayer extends RealHttpLayer {
  constructor(options: HttpLayerOptions) {
    super({ ...options, handler: new TargetMetrics(options.handler) });
  }
}

interface Series {
  count: number;
  readonly buckets: number[];
}

const bucketsMax = 300;

class TargetMetrics extends MessageWatch {
  readonly #series = new Map<string, Series>();

  override begin(message: HttpMessage): void {
    if (message.kind === 'request') this.#count(message);
    super.begin(message);
  }

  #count({ method, uri, tsUs }: HttpMessage): void {
    const label = `${method} ${uri}`;
    let series = this.#series.get(label);
    if (series === undefined) {
      series = { count: 0, buckets: new Array<number>(bucketsMax).fill(0.5) };
      this.#series.set(label, series);
    }
    series.count += 1;
    series.buckets[(tsUs % bucketsMax) | 0]! += 1;
  }
}
