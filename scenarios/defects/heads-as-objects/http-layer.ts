/** The real layer; heads are made into objects on their way. */
import { type HttpLayerOptions, HttpLayer as RealHttpLayer } from '../../../agent/http/http-layer.ts';
import type { HeaderFields, HttpMessage } from '../../../agent/http/message-handler.ts';
import { MessageWatch } from '../message-watch.ts';

export * from '../../../agent/http/http-layer.ts';

export class HttpLayer extends RealHttpLayer {
  constructor(options: HttpLayerOptions) {
    super({ ...options, handler: new HeadObjects(options.handler) });
  }
}

interface HeadField {
  readonly name: string;
  readonly words: readonly string[];
  readonly characters: readonly string[];
}

class HeadObjects extends MessageWatch {
  #fields = 0;

  override begin(message: HttpMessage): void {
    this.#fields += Object.keys(headObject(message.headers)).length;
    super.begin(message);
  }
}

function headObject(headers: HeaderFields): Record<string, HeadField> {
  let head: Record<string, HeadField> = {};
  for (let i = 0; i < headers.count; i += 1) {
    const name = headers.name(i).toLowerCase();
    const value = headers.value(i);
    head = { ...head, [name]: { name, words: value.split(/[\s,;=]+/), characters: [...value] } };
  }
  return head;
}
