/** The real layer; a thread gets the bytes of bodies. */
import { Worker } from 'node:worker_threads';
import { type HttpLayerOptions, HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';
import type { HttpMessage, MessageHandler } from '../../../agent/http/message-handler.ts';
import { MessageWatch } from '../message-watch.ts';

export * from '../../../agent/http/http-layer.ts';

export class HttpLayer extends RealHttpLayer {
  constructor(options: HttpLayerOptions) {
    super({ ...options, handler: new SharedBodies(options.handler) });
  }
}

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

class SharedBodies extends MessageWatch {
  readonly #worker = new Worker(new URL(`./compare-worker.${extension}`, import.meta.url));

  constructor(inner: MessageHandler) {
    super(inner);
    this.#worker.unref();
  }

  override body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    const copy = bytes.slice(start, end);
    this.#worker.postMessage(copy, [copy.buffer]);
    super.body(message, bytes, start, end);
  }
}
