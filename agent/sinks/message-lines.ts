/** `--messages`: one JSON line a message, written when the message is over. */
import type { HttpMessage, MessageHandler } from '../http/message-handler.ts';
import type { Obfuscator } from '../witness/obfuscation.ts';
import type { RecordOutput } from './record-output.ts';

export class MessageLines implements MessageHandler {
  readonly #output: RecordOutput;
  readonly #streamId: (stream: number) => number;
  readonly #obfuscator: Pick<Obfuscator, 'url' | 'name' | 'host'>;

  /** @param streamId unique number of an open stream: slots are used again */
  constructor(
    output: RecordOutput,
    streamId: (stream: number) => number,
    obfuscator: Pick<Obfuscator, 'url' | 'name' | 'host'>,
  ) {
    this.#output = output;
    this.#streamId = streamId;
    this.#obfuscator = obfuscator;
  }

  begin(): void {}
  body(): void {}
  bodyGap(): void {}

  end(message: HttpMessage): void {
    const line = {
      type: message.kind,
      stream: this.#streamId(message.stream),
      exchange: message.exchange,
      pairing: message.pairing,
      ts: message.tsUs / 1e6,
      method: this.#obfuscator.name(message.method),
      uri: this.#obfuscator.url(message.uri),
      host: this.#obfuscator.host(message.headers.get('host') ?? ''),
      status: message.status,
      headersBytes: message.headersBytes,
      bodyBytes: message.bodyBytes,
      complete: message.complete,
    };
    this.#output.write(`${JSON.stringify(line)}\n`);
  }
}
