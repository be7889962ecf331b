/**
 * One body, from the bytes on the wire (transfer-coding removed) to events: content codings undone, characters turned
 * into UTF-8, then read as what it is. Everything flows: nothing is held but partial tokens, a sample, and of YAML
 * (whose grammar cannot be read forwards) a bounded whole.
 */

import type { Coding, DecodeState } from '../coding/decoding-stage.ts';
import type { BodyHandler, BodyMeans, BodyOutcome, KindReader } from './body-handler.ts';
import type { BodyLimits } from './body-limits.ts';
import { CharsetConverter, sniffUtf16 } from './charset.ts';
import { type CodingList, noCodings, parseCodings } from './codings.ts';
import { ContentDecoder, type DecodedSink } from './content-decoder.ts';
import {
  type BodyKind,
  beginsJson,
  bodyKindOf,
  type ContentType,
  looksLikeJson,
  parseContentType,
  sniffKind,
} from './content-type.ts';
import { JsonDocument } from './json-document.ts';
import { type MultipartHandler, MultipartReader } from './multipart-reader.ts';
import { FormContent, SampleContent } from './plain-content.ts';
import { YamlReader } from './yaml-reader.ts';

/** A body whose type has to be looked for is looked at when so much of it is there, however it was cut. */
const headBytes = 64;

/** Reads the content of one body or one part: UTF-8 or binary, already decoded. */
class ContentReader {
  readonly #limits: BodyLimits;
  readonly #means: BodyMeans;
  readonly #handler: BodyHandler;
  readonly #depth: number;
  #type: ContentType;
  #reader: KindReader | null = null;
  /** Of an earlier body: made once. */
  #json: JsonDocument | null = null;
  #converter: CharsetConverter | null = null;
  /** The first bytes, where they came in pieces too short to show the kind. */
  #head: Uint8Array | null = null;
  #headLength = 0;
  kind: BodyKind;
  readonly #push = (bytes: Uint8Array, start: number, end: number): void => this.#reader!.push(bytes, start, end);

  constructor(limits: BodyLimits, means: BodyMeans, handler: BodyHandler, type: ContentType, depth: number) {
    this.#limits = limits;
    this.#means = means;
    this.#handler = handler;
    this.#type = type;
    this.#depth = depth;
    this.kind = bodyKindOf(type.mediaType);
  }

  /** Begins another body, after `finish`. */
  restart(type: ContentType): void {
    this.#type = type;
    this.kind = bodyKindOf(type.mediaType);
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.#reader === null) {
      if ((this.kind === 'unknown' || this.kind === 'json') && this.#headLength + end - start < headBytes) {
        this.#head ??= new Uint8Array(headBytes);
        this.#head.set(bytes.subarray(start, end), this.#headLength);
        this.#headLength += end - start;
        return;
      }
      if (this.#headLength > 0) {
        const missing = headBytes - this.#headLength;
        this.#head!.set(bytes.subarray(start, start + missing), this.#headLength);
        this.#beginAtHead(headBytes);
        this.push(bytes, start + missing, end);
        return;
      }
      this.#begin(bytes, start, end);
    }
    if (this.#converter === null) this.#reader!.push(bytes, start, end);
    else this.#converter.push(bytes, start, end, this.#push);
  }

  finish(isCut: boolean): boolean {
    if (this.#headLength > 0) this.#beginAtHead(this.#headLength);
    // Nothing came: no event, and no fault.
    if (this.#reader === null) return true;
    this.#converter?.finish(this.#push);
    const isWellFormed = this.#reader.finish(isCut);
    this.#reader = null;
    this.#converter = null;
    return isWellFormed;
  }

  #beginAtHead(length: number): void {
    const head = this.#head!;
    this.#head = null;
    this.#headLength = 0;
    this.#begin(head, 0, length);
    this.push(head, 0, length);
  }

  #begin(bytes: Uint8Array, start: number, end: number): void {
    const { charset } = this.#type;
    let label = charset;
    if (this.kind === 'unknown' || this.kind === 'json') {
      label ??= sniffUtf16(bytes, start, end);
      if (label === undefined || !label.startsWith('utf-16')) this.#correctKind(bytes, start, end);
      else this.kind = 'json';
    }
    const binary = this.kind === 'bytes' || this.kind === 'pdf' || this.kind === 'multipart' || this.kind === 'form';
    if (!binary) this.#converter = CharsetConverter.create(label);
    this.#handler.kind(this.kind, this.#type);
    this.#reader = this.#createReader();
  }

  /** A missing type, or a JSON type on something else, must not lose the message. */
  #correctKind(bytes: Uint8Array, start: number, end: number): void {
    if (beginsJson(bytes, start, end)) this.kind = 'json';
    else if (this.kind === 'unknown') this.kind = sniffKind(bytes, start, end);
    else {
      const head = Buffer.prototype.latin1Slice
        .call(bytes, start, Math.min(end, start + headBytes))
        .replace(/^\xef\xbb\xbf/, '')
        .trimStart();
      if (head !== '' && end - start > 8 && !looksLikeJson(head) && !/^-?\d/.test(head))
        this.kind = sniffKind(bytes, start, end);
    }
  }

  #jsonDocument(): JsonDocument {
    if (this.#json === null) this.#json = new JsonDocument(this.#limits, this.#means.buffers, this.#handler);
    else this.#json.restart();
    return this.#json;
  }

  #createReader(): KindReader {
    const limits = this.#limits;
    const { buffers } = this.#means;
    switch (this.kind) {
      case 'json':
        return this.#jsonDocument();
      case 'form':
        return buffers.hold(limits.sampleBytesMax)
          ? new FormContent(limits, buffers, this.#handler)
          : new SampleContent(0, buffers, this.#handler, true);
      case 'multipart': {
        const parts = new PartsContent(limits, this.#means, this.#handler, this.#depth);
        const reader = this.#depth < limits.multipartDepthMax ? parts.start(this.#type.boundary) : null;
        return reader ?? new SampleContent(limits.sampleBytesMax, buffers, this.#handler, false);
      }
      case 'yaml':
        return new YamlReader(limits, buffers, this.#handler);
      case 'bytes':
      case 'pdf':
      case 'unknown':
        return new SampleContent(limits.sampleBytesMax, buffers, this.#handler, false);
      default:
        return new SampleContent(limits.sampleBytesMax, buffers, this.#handler, true);
    }
  }
}

/** Each part is a body of its own. */
class PartsContent implements KindReader, MultipartHandler {
  readonly #limits: BodyLimits;
  readonly #means: BodyMeans;
  readonly #handler: BodyHandler;
  readonly #depth: number;
  #reader: MultipartReader | null = null;
  #part: BodyReader | null = null;
  #whole = true;

  constructor(limits: BodyLimits, means: BodyMeans, handler: BodyHandler, depth: number) {
    this.#limits = limits;
    this.#means = means;
    this.#handler = handler;
    this.#depth = depth;
  }

  start(boundary: string | undefined): PartsContent | null {
    const limits = { partsMax: this.#limits.partsMax, headerBytesMax: this.#limits.partHeaderBytesMax };
    const { buffers } = this.#means;
    if (!buffers.hold(limits.headerBytesMax)) return null;
    this.#reader = MultipartReader.create(boundary, limits, this);
    if (this.#reader === null) buffers.letGo(limits.headerBytesMax);
    return this.#reader === null ? null : this;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#reader!.push(bytes, start, end);
  }

  finish(): boolean {
    this.#reader!.finish();
    this.#means.buffers.letGo(this.#limits.partHeaderBytesMax);
    return this.#whole && this.#reader!.parts > 0;
  }

  beginPart(headers: ReadonlyMap<string, string>): void {
    this.#handler.beginPart(headers);
    // RFC 7578, section 4.4: a part without a type is text.
    const type = headers.get('content-type') ?? 'text/plain';
    // RFC 7578 knows no coded parts; some senders compress them one by one.
    const coded = headers.get('content-encoding');
    const codings = coded === undefined ? noCodings : parseCodings(coded);
    this.#part = new BodyReader(this.#limits, this.#means, this.#handler, type, codings, this.#depth + 1);
  }

  part(bytes: Uint8Array, start: number, end: number): void {
    this.#part!.push(bytes, start, end);
  }

  endPart(complete: boolean): void {
    if (!this.#part!.finish(complete).whole) this.#whole = false;
    this.#part = null;
    this.#handler.endPart(complete);
  }
}

/** One body in flight, or one part of it. Ends by `finish`. */
export class BodyReader implements DecodedSink {
  #content: ContentReader;
  #decoder: ContentDecoder | null = null;
  /** Of an earlier body. */
  #idleDecoder: ContentDecoder | null = null;
  readonly #limits: BodyLimits;
  readonly #means: BodyMeans;
  readonly #handler: BodyHandler;
  readonly #depth: number;
  #isUnsupported = false;
  #encodedBytes = 0;
  #decodedBytes = 0;
  #broken = false;
  /** Nothing is decoded: the bytes are read as they come, once there are enough to see what they are. */
  #isAsItCame = false;
  /** Of such a body, what came before there were enough. */
  #head: Uint8Array | null = null;
  #isSeen = false;
  readonly #outcome: { -readonly [Name in keyof BodyOutcome]: BodyOutcome[Name] } = {
    kind: 'unknown',
    encodedBytes: 0,
    decodedBytes: 0,
    decoding: 'open',
    whole: false,
  };

  /**
   * @param codings what to undo, from `codingsOf`; where they are refused the body is read as it came
   * @param contentType the field as sent, undefined when missing
   * @param depth multipart bodies around it
   */
  constructor(
    limits: BodyLimits,
    means: BodyMeans,
    handler: BodyHandler,
    contentType: string | undefined,
    codings: CodingList,
    depth = 0,
  ) {
    this.#limits = limits;
    this.#means = means;
    this.#handler = handler;
    this.#depth = depth;
    this.#content = new ContentReader(limits, means, handler, parseContentType(contentType), depth);
    this.#begin(codings);
  }

  /** Begins another body, after `finish`: for its handler alone. */
  restart(contentType: string | undefined, codings: CodingList): void {
    this.#content.restart(parseContentType(contentType));
    this.#encodedBytes = 0;
    this.#decodedBytes = 0;
    this.#broken = false;
    this.#isSeen = false;
    this.#begin(codings);
  }

  #begin({ codings, refused }: CodingList): void {
    this.#isUnsupported = refused !== '';
    this.#isAsItCame = this.#isUnsupported;
    this.#decoder = codings.length === 0 ? null : this.#decoderOf(codings);
  }

  #decoderOf(codings: readonly Coding[]): ContentDecoder {
    const known = this.#idleDecoder;
    if (known === null) return new ContentDecoder(this.#means.decoders, codings, this.#limits.decodedBytesMax, this);
    known.restart(codings);
    return known;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#encodedBytes += end - start;
    if (this.#broken) return;
    if (this.#isAsItCame) this.#asItComes(bytes, start, end);
    else if (this.#decoder === null) this.decoded(bytes, start, end);
    else this.#decode(this.#decoder, bytes, start, end);
  }

  #decode(decoder: ContentDecoder, bytes: Uint8Array, start: number, end: number): void {
    decoder.push(bytes, start, end);
    if (decoder.state === 'open') return;
    if (decoder.undecoded === null) this.#broken = true;
    else {
      this.#isAsItCame = true;
      this.#asItComes(decoder.undecoded, 0, decoder.undecoded.length);
    }
  }

  /** Bytes are missing here: what came before stands, what comes after cannot be read. */
  gap(): void {
    this.#broken = true;
  }

  decoded(bytes: Uint8Array, start: number, end: number): void {
    const taken = Math.min(end - start, this.#limits.decodedBytesMax - this.#decodedBytes);
    if (taken < end - start) this.#broken = true;
    this.#decodedBytes += taken;
    if (taken > 0) this.#content.push(bytes, start, start + taken);
  }

  /** @param complete every byte of the body was pushed @returns what holds until the next `restart` */
  finish(complete: boolean): BodyOutcome {
    let decoding: DecodeState = this.#isUnsupported ? 'unsupported' : 'complete';
    if (this.#decoder !== null) {
      decoding = this.#broken || !complete ? this.#decoder.abandon() : this.#decoder.finish();
      const { undecoded } = this.#decoder;
      if (undecoded !== null && !this.#isAsItCame) this.#asItComes(undecoded, 0, undecoded.length);
      this.#idleDecoder = this.#decoder;
      this.#decoder = null;
    } else if (this.#decodedBytes === this.#limits.decodedBytesMax && this.#broken) decoding = 'limit';
    this.#seeWhatItIs();
    const wellFormed = this.#content.finish(!complete || this.#broken || decoding !== 'complete');
    const outcome = this.#outcome;
    outcome.kind = this.#content.kind;
    outcome.encodedBytes = this.#encodedBytes;
    outcome.decodedBytes = this.#decodedBytes;
    outcome.decoding = decoding;
    outcome.whole = complete && !this.#broken && decoding === 'complete' && wellFormed;
    return outcome;
  }

  #asItComes(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isSeen) {
      this.decoded(bytes, start, end);
      return;
    }
    const before = this.#head ?? nothing;
    this.#head = Buffer.concat([before, bytes.subarray(start, end)]);
    if (this.#head.length >= headBytes) this.#seeWhatItIs();
  }

  /** Text under a label that is wrong is read as what it says it is, anything else is a sample. */
  #seeWhatItIs(): void {
    const head = this.#head;
    if (head === null) return;
    this.#head = null;
    this.#isSeen = true;
    if (sniffKind(head, 0, head.length) === 'bytes') {
      this.#content = new ContentReader(this.#limits, this.#means, this.#handler, encodedType, this.#depth);
    }
    this.decoded(head, 0, head.length);
  }
}

const nothing = new Uint8Array(0);
const encodedType: ContentType = { mediaType: 'application/octet-stream', charset: undefined, boundary: undefined };
