import { StringCache } from '../bounded/string-cache.ts';
import type { Side } from '../tcp/stream-handler.ts';
import type { HeadParser } from './head-parser.ts';
import { MessageFlag } from './message-flag.ts';
import type { HeaderFields, HeadPlace, HttpMessage, PairingVerdict } from './message-handler.ts';

/** Field names are few; many values (media types, `keep-alive`, host names) come with every message. */
const names = new StringCache(1024, 64);
const values = new StringCache(2048, 48);

/** Makes a string of bytes; every byte is one character. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}

/**
 * The message that flows in one direction of a stream, used again for others when it is over. Its head stays where it is: in
 * the segment during `begin`, in a pooled buffer afterwards. Fields are indexed when asked for.
 */
export class Message implements HttpMessage, HeaderFields, HeadPlace {
  // As in SideRecord: first what every segment changes.
  lastTsUs = 0;
  bodyBytes = 0;
  /** Body bytes handed to the client. */
  deliveredBytes = 0;
  kind: 'request' | 'response' = 'request';
  stream = 0;
  connection = 0;
  side: Side = 0;
  exchange = -1;
  pairing: PairingVerdict = 'open';
  tsUs = 0;
  method = '';
  uri = '';
  status = 0;
  minorVersion = 0;
  headersBytes = 0;
  missingBytes = 0;
  complete = false;
  flags = 0;
  /** The head, or null where it could not be kept. */
  head: Uint8Array | null = null;
  headStart = 0;
  reasonStart = 0;
  reasonEnd = 0;
  readonly #parser: HeadParser;

  constructor(parser: HeadParser) {
    this.#parser = parser;
  }

  /** Becomes the next message of a side. The rest is set with its head. */
  reset(stream: number, connection: number, side: Side): void {
    this.stream = stream;
    this.connection = connection;
    this.side = side;
    this.exchange = -1;
    this.method = '';
  }

  get headers(): HeaderFields {
    return this;
  }

  get reason(): string {
    if (this.head === null || this.reasonStart >= this.reasonEnd) return '';
    return latin1(this.head, this.headStart + this.reasonStart, this.headStart + this.reasonEnd);
  }

  get count(): number {
    return this.#index() ? this.#parser.count : 0;
  }

  /** Itself: no object for each head. */
  get place(): HeadPlace | null {
    return (this.flags & MessageFlag.obsFold) === 0 && this.#index() ? this : null;
  }

  get bytes(): Uint8Array {
    return this.head!;
  }

  get start(): number {
    return this.headStart;
  }

  get length(): number {
    return this.headersBytes;
  }

  get offsets(): Int32Array {
    return this.#parser.fields;
  }

  name(index: number): string {
    if (!this.#index() || index < 0 || index >= this.#parser.count) return '';
    const fields = this.#parser.fields;
    const start = this.headStart;
    return names.get(this.head!, start + fields[index * 4]!, start + fields[index * 4 + 1]!);
  }

  value(index: number): string {
    if (!this.#index() || index < 0 || index >= this.#parser.count) return '';
    const fields = this.#parser.fields;
    const start = this.headStart;
    const text = values.get(this.head!, start + fields[index * 4 + 2]!, start + fields[index * 4 + 3]!);
    return (this.flags & MessageFlag.obsFold) === 0 ? text : text.replace(/[ \t]*\r?\n[ \t]+/g, ' ');
  }

  get(lowerCaseName: string): string | undefined {
    const at = this.#find(lowerCaseName, 0);
    return at < 0 ? undefined : this.value(at);
  }

  all(lowerCaseName: string): string | undefined {
    let at = this.#find(lowerCaseName, 0);
    if (at < 0) return undefined;
    let lines = this.value(at);
    while ((at = this.#find(lowerCaseName, at + 1)) >= 0) lines += `,${this.value(at)}`;
    return lines;
  }

  /** The first field of a name from an index on, -1 if there is none. */
  #find(lowerCaseName: string, from: number): number {
    if (!this.#index()) return -1;
    const { count, fields, nameLengths } = this.#parser;
    const head = this.head!;
    const length = lowerCaseName.length;
    if ((nameLengths & (1 << length)) === 0) return -1;
    for (let i = from; i < count; i++) {
      const start = fields[i * 4]!;
      if (fields[i * 4 + 1]! - start !== length) continue;
      let at = 0;
      while (at < length) {
        const c = head[this.headStart + start + at]!;
        if ((c >= 65 && c <= 90 ? c | 32 : c) !== lowerCaseName.charCodeAt(at)) break;
        at++;
      }
      if (at === length) return i;
    }
    return -1;
  }

  /** Makes the parser's index this head's; false where the head was not kept. */
  #index(): boolean {
    const head = this.head;
    if (head === null) return false;
    if (this.#parser.owner !== this) {
      this.#parser.parse(head, this.headStart, this.headStart + this.headersBytes, false);
      this.#parser.owner = this;
    }
    return true;
  }
}
