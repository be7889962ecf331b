/** Passes every call on to the real handler: defects that look at messages on their way extend it. */
import type { HttpMessage, MessageHandler } from '../../agent/http/message-handler.ts';

export class MessageWatch implements MessageHandler {
  readonly readsHeadLater: boolean;
  readonly #inner: MessageHandler;

  constructor(inner: MessageHandler) {
    this.#inner = inner;
    this.readsHeadLater = inner.readsHeadLater ?? true;
  }

  begin(message: HttpMessage): void {
    this.#inner.begin(message);
  }

  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    this.#inner.body(message, bytes, start, end);
  }

  bodyGap(message: HttpMessage, length: number): void {
    this.#inner.bodyGap(message, length);
  }

  end(message: HttpMessage): void {
    this.#inner.end(message);
  }
}
