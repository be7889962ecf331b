/**
 * multipart/* (RFC 2046, section 5.1; form-data: RFC 7578) read as it flows: part headers and at most one partial
 * delimiter are held, part bodies pass through.
 */

export interface MultipartHandler {
  /** Header fields of a part: lower-case names. */
  beginPart(headers: ReadonlyMap<string, string>): void;
  /** Bytes of the part's body; valid only during the call. */
  part(bytes: Uint8Array, start: number, end: number): void;
  /** `complete`: its closing delimiter was seen. */
  endPart(complete: boolean): void;
}

export interface MultipartLimits {
  /** Parts reported; the rest is passed over. */
  readonly partsMax: number;
  /** Header bytes of one part; more makes the rest unreadable. */
  readonly headerBytesMax: number;
}

/** RFC 2046 allows boundaries of 70 characters; some senders use a few more. */
const boundaryBytesMax = 200;

const State = { preamble: 0, afterDelimiter: 1, headers: 2, body: 3, epilogue: 4 } as const;
type State = (typeof State)[keyof typeof State];

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const hyphen = 0x2d;

export class MultipartReader {
  readonly #limits: MultipartLimits;
  readonly #handler: MultipartHandler;
  /** CRLF, two hyphens, the boundary. */
  readonly #delimiter: Uint8Array;
  #state: State = State.preamble;
  /** Bytes of the delimiter matched so far; of these, imagined ones, and real ones held back by earlier calls. */
  #matched = 2;
  #imagined = 2;
  #carried = 0;
  readonly #header: Uint8Array;
  #headerLength = 0;
  #hyphens = 0;
  #open = false;
  parts = 0;

  /** @returns null when the boundary is missing or longer than any sender's. */
  static create(
    boundary: string | undefined,
    limits: MultipartLimits,
    handler: MultipartHandler,
  ): MultipartReader | null {
    if (boundary === undefined || boundary === '' || boundary.length > boundaryBytesMax) return null;
    return new MultipartReader(boundary, limits, handler);
  }

  private constructor(boundary: string, limits: MultipartLimits, handler: MultipartHandler) {
    this.#limits = limits;
    this.#handler = handler;
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.#header = new Uint8Array(limits.headerBytesMax);
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#state === State.preamble || this.#state === State.body) at = this.#scan(bytes, at, end);
      else if (this.#state === State.afterDelimiter) at = this.#afterDelimiter(bytes, at);
      else if (this.#state === State.headers) at = this.#readHeaders(bytes, at, end);
      else return;
    }
  }

  finish(): void {
    if (this.#state === State.body) this.#flush();
    this.#close(false);
  }

  /** Looks for the delimiter; what is not part of one is body. CR stands only at its start and is found natively. */
  #scan(bytes: Uint8Array, start: number, end: number): number {
    const delimiter = this.#delimiter;
    let at = start;
    while (at < end) {
      if (this.#matched === 0) {
        const found = bytes.indexOf(carriageReturn, at);
        if (found < 0 || found >= end) {
          at = end;
          break;
        }
        at = found + 1;
        this.#matched = 1;
        continue;
      }
      if (bytes[at] === delimiter[this.#matched]) {
        this.#matched += 1;
        at += 1;
        if (this.#matched < delimiter.length) continue;
        this.#body(bytes, start, at - (this.#matched - this.#imagined - this.#carried));
        this.#expectDelimiter(0);
        this.#state = State.afterDelimiter;
        this.#hyphens = 0;
        this.#headerLength = 0;
        return at;
      }
      // Failed: what earlier calls held back was body. The byte itself may begin a new match.
      this.#flush();
      this.#expectDelimiter(0);
    }
    const here = this.#matched - this.#imagined - this.#carried;
    this.#body(bytes, start, at - here);
    this.#carried += here;
    return at;
  }

  /** @param imagined 2 where the CRLF before a delimiter belongs to what precedes it (start of the body or a part). */
  #expectDelimiter(imagined: 0 | 2): void {
    this.#matched = imagined;
    this.#imagined = imagined;
    this.#carried = 0;
  }

  #body(bytes: Uint8Array, start: number, end: number): void {
    if (this.#open && end > start) this.#handler.part(bytes, start, end);
  }

  #flush(): void {
    if (this.#open && this.#carried > 0) {
      this.#handler.part(this.#delimiter, this.#imagined, this.#imagined + this.#carried);
    }
  }

  #close(complete: boolean): void {
    if (!this.#open) return;
    this.#open = false;
    this.#handler.endPart(complete);
  }

  #afterDelimiter(bytes: Uint8Array, at: number): number {
    this.#close(true);
    const byte = bytes[at]!;
    if (byte === hyphen && this.#hyphens < 2) {
      this.#hyphens += 1;
      if (this.#hyphens === 2) this.#state = State.epilogue;
    } else if (byte === lineFeed) this.#state = State.headers;
    return at + 1;
  }

  #readHeaders(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; at += 1) {
      if (this.#headerLength === this.#header.length) {
        this.#state = State.epilogue;
        return end;
      }
      this.#header[this.#headerLength++] = bytes[at]!;
      if (bytes[at] === lineFeed && this.#atBlankLine()) {
        this.#beginPart();
        return at + 1;
      }
    }
    return end;
  }

  #atBlankLine(): boolean {
    const length = this.#headerLength;
    const before = this.#header[length - 2] === carriageReturn ? length - 3 : length - 2;
    return before < 0 || this.#header[before] === lineFeed;
  }

  #beginPart(): void {
    this.#state = State.body;
    // An empty body: its delimiter follows at once, its CRLF being the blank line's.
    this.#expectDelimiter(2);
    this.parts += 1;
    if (this.parts > this.#limits.partsMax) return;
    const headers = new Map<string, string>();
    const text = Buffer.from(this.#header.buffer, 0, this.#headerLength).toString('utf8');
    // A line that begins with a blank goes on with the one before it (RFC 5322, section 2.2.3).
    for (const line of text.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
      const colon = line.indexOf(':');
      if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
    this.#open = true;
    this.#handler.beginPart(headers);
  }
}
