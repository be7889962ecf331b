/** The HAR sink with every body kept until the file is closed: an archive is one document, is it not? */
import type { HttpMessage } from '../../../agent/http/message-handler.ts';
import { HarFile as StreamedHarFile } from '../../../agent/sinks/har-file.ts';

export * from '../../../agent/sinks/har-file.ts';

export class HarFile extends StreamedHarFile {
  readonly #bodies: Uint8Array[] = [];

  override body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    this.#keepBody(bytes, start, end);
    super.body(message, bytes, start, end);
  }

  override close(): void {
    this.#bodies.length = 0;
    super.close();
  }

  #keepBody(bytes: Uint8Array, start: number, end: number): void {
    const copy = new Uint8Array(end - start);
    copy.set(bytes.subarray(start, end));
    this.#bodies.push(copy);
  }
}
