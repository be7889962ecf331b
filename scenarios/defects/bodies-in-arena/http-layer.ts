/** The real layer; the bytes of bodies go into an arena besides. */
import { type HttpLayerOptions, HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';
import type { HttpMessage, MessageHandler } from '../../../agent/http/message-handler.ts';
import { MessageWatch } from '../message-watch.ts';

export * from '../../../agent/http/http-layer.ts';

export class HttpLayer extends RealHttpLayer {
  constructor(options: HttpLayerOptions) {
    super({ ...options, handler: new ArenaBodies(options.handler) });
  }
}

const wasmPageBytes = 65_536;

class ArenaBodies extends MessageWatch {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  #bytes = new Uint8Array(this.#memory.buffer);
  #used = 0;
  /** A message before the first, which keeps the arena from being emptied before it is filled. */
  #open = 1;

  constructor(inner: MessageHandler) {
    super(inner);
  }

  override begin(message: HttpMessage): void {
    this.#open += 1;
    super.begin(message);
  }

  override body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    this.#makeRoom(end - start);
    for (let at = start; at < end; at += 1) this.#bytes[this.#used++] = bytes[at]!;
    super.body(message, bytes, start, end);
  }

  override end(message: HttpMessage): void {
    this.#open -= 1;
    if (this.#open === 0) this.#used = 0;
    super.end(message);
  }

  #makeRoom(length: number): void {
    const missing = this.#used + length - this.#bytes.length;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / wasmPageBytes));
    this.#bytes = new Uint8Array(this.#memory.buffer);
  }
}
