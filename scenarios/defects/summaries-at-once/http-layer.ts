/** The real layer; every thousand messages are summed up. */
import { type HttpLayerOptions, HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';
import type { HttpMessage } from '../../../agent/http/message-handler.ts';
import { MessageWatch } from '../message-watch.ts';

export * from '../../../agent/http/http-layer.ts';

export class HttpLayer extends RealHttpLayer {
  constructor(options: HttpLayerOptions) {
    super({ ...options, handler: new Summaries(options.handler) });
  }
}

const messagesEach = 1_000;
const rowsMax = 100_000;
let longest = 0;

class Summaries extends MessageWatch {
  #messages = 0;

  override end(message: HttpMessage): void {
    this.#messages += 1;
    if (this.#messages % messagesEach === 0) longest = summarize(message.bodyBytes);
    super.end(message);
  }
}

function summarize(bytes: number): number {
  const rows: { readonly place: number; readonly share: number; readonly name: string }[] = [];
  for (let i = 0; i < rowsMax; i += 1)
    rows.push({ place: (i * 7_919) % rowsMax, share: bytes / (i + 2 + longest), name: `${i}` });
  rows.sort((a, b) => a.place - b.place);
  return rows[0]!.name.length;
}
