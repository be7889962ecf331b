/**
 * One body, from the bytes on the wire (transfer-coding removed) to events: content codings undone, characters turned
 * into UTF-8, then read as what it is. Everything flows: nothing is held but partial tokens, a sample, and of YAML
 * (whose grammar cannot be read forwards) a bounded whole.
 */
import type { BodyHandler } from './body-handler.ts';
import type { BodyLimits } from './body-limits.ts';
import { CharsetConverter, sniffUtf16 } from './charset.ts';
import {
  type Coding,
  ContentDecoder,
  type DecodedSink,
  type DecoderPool,
  type DecodeState,
} from './content-decoder.ts';
import {
  type BodyKind,
  bodyKindOf,
  type ContentType,
  looksLikeJson,
  parseContentType,
  sniffKind,
} from './content-type.ts';
import { FormReader } from './form-reader.ts';
import { type BodyBuffers, JsonDocument } from './json-document.ts';
import { KeptBytes } from './kept-bytes.ts';
import { type MultipartHandler, MultipartReader } from './multipart-reader.ts';
import { YamlReader } from './yaml-reader.ts';

export interface BodyOutcome {
  readonly kind: BodyKind;
  readonly encodedBytes: number;
  readonly decodedBytes: number;
  readonly decoding: DecodeState;
  /** Read to its end without a fault: no gap, no limit, well formed. */
  readonly whole: boolean;
}

/** What all bodies of one agent share, each bounded by its own budget. */
export interface BodyMeans {
  readonly decoders: DecoderPool;
  readonly buffers: BodyBuffers;
}

/** What a reader of one kind looks like from here. */
interface KindReader {
  push(bytes: Uint8Array, start: number, end: number): void;
  /** @returns whether the body was well formed to its end. */
  finish(): boolean;
}

/** A body whose type has to be looked for is looked at when so much of it is there, however it was cut. */
const headBytes = 64;

/** Reads the content of one body or one part: UTF-8 or binary, already decoded. */
class ContentReader {
  readonly #limits: BodyLimits;
  readonly #means: BodyMeans;
  readonly #handler: BodyHandler;
  readonly #depth: number;
  readonly #type: ContentType;
  #reader: KindReader | null = null;
  #converter: CharsetConverter | null = null;
  /** The first bytes, where they came in pieces too short to tell the kind from. */
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

  finish(): boolean {
    if (this.#headLength > 0) this.#beginAtHead(this.#headLength);
    // Nothing came: no event, and no fault.
    if (this.#reader === null) return true;
    this.#converter?.finish(this.#push);
    return this.#reader.finish();
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
    if (this.kind === 'unknown') this.kind = sniffKind(bytes, start, end);
    else {
      const head = Buffer.prototype.latin1Slice
        .call(bytes, start, Math.min(end, start + headBytes))
        .replace(/^\xef\xbb\xbf/, '')
        .trimStart();
      if (head !== '' && end - start > 8 && !looksLikeJson(head) && !/^-?\d/.test(head))
        this.kind = sniffKind(bytes, start, end);
    }
  }

  #createReader(): KindReader {
    const limits = this.#limits;
    const { buffers } = this.#means;
    switch (this.kind) {
      case 'json':
        return new JsonDocument(limits, this.#means.buffers, this.#handler);
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

class FormContent implements KindReader {
  readonly #reader: FormReader;
  readonly #buffers: BodyBuffers;
  readonly #heldBytes: number;

  /** @param buffers hold `limits.sampleBytesMax` for it already */
  constructor(limits: BodyLimits, buffers: BodyBuffers, handler: BodyHandler) {
    this.#buffers = buffers;
    this.#heldBytes = limits.sampleBytesMax;
    this.#reader = new FormReader({ pairBytesMax: limits.sampleBytesMax, pairsMax: limits.pairsMax }, handler);
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#reader.push(bytes, start, end);
  }

  finish(): boolean {
    this.#reader.finish();
    this.#buffers.letGo(this.#heldBytes);
    return true;
  }
}

/** Each part is a body of its own. */
class PartsContent implements KindReader, MultipartHandler {
  readonly #limits: BodyLimits;
  readonly #means: BodyMeans;
  readonly #handler: BodyHandler;
  readonly #depth: number;
  #reader: MultipartReader | null = null;
  #part: ContentReader | null = null;
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
    const type = parseContentType(headers.get('content-type') ?? 'text/plain');
    this.#part = new ContentReader(this.#limits, this.#means, this.#handler, type, this.#depth + 1);
  }

  part(bytes: Uint8Array, start: number, end: number): void {
    this.#part!.push(bytes, start, end);
  }

  endPart(complete: boolean): void {
    if (!this.#part!.finish() || !complete) this.#whole = false;
    this.#part = null;
    this.#handler.endPart(complete);
  }
}

/** The beginning of a body, and no more of it. */
class SampleContent implements KindReader {
  readonly #kept: KeptBytes;
  readonly #handler: BodyHandler;
  readonly #isText: boolean;
  #cut = false;

  constructor(bytesMax: number, buffers: BodyBuffers, handler: BodyHandler, isText: boolean) {
    this.#kept = new KeptBytes(bytesMax, buffers);
    this.#handler = handler;
    this.#isText = isText;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#cut && !this.#kept.append(bytes, start, end)) this.#cut = true;
  }

  finish(): boolean {
    // Its own copy: the value outlives the buffer.
    if (!this.#isText) this.#handler.sample(Uint8Array.from(this.#kept.view()), this.#cut);
    else this.#handler.text(decodeText(this.#kept.view(), this.#cut), this.#cut);
    this.#kept.release();
    return true;
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const windows1252 = new TextDecoder('windows-1252');

/** UTF-8, or what browsers take for unlabelled text that is not UTF-8. */
function decodeText(bytes: Uint8Array, cut: boolean): string {
  try {
    // With `stream` a character cut in two at the end is left out instead of being a fault.
    const text = strictUtf8.decode(bytes, { stream: cut });
    if (cut) {
      try {
        strictUtf8.decode();
      } catch {
        // The half character is forgotten.
      }
    }
    return text;
  } catch {
    return windows1252.decode(bytes);
  }
}

/** One body in flight. Ends by `finish`. */
export class BodyReader implements DecodedSink {
  readonly #content: ContentReader;
  readonly #decoder: ContentDecoder | null;
  readonly #limits: BodyLimits;
  readonly #unsupported: boolean;
  #encodedBytes = 0;
  #decodedBytes = 0;
  #broken = false;

  /**
   * @param codings what to undo, from `parseCodings`; null when one is unknown: then the body is sampled as bytes
   * @param contentType the field as sent, undefined when missing
   */
  constructor(
    limits: BodyLimits,
    means: BodyMeans,
    handler: BodyHandler,
    contentType: string | undefined,
    codings: readonly Coding[] | null,
  ) {
    this.#limits = limits;
    this.#unsupported = codings === null;
    const type = parseContentType(contentType);
    this.#content = new ContentReader(limits, means, handler, this.#unsupported ? encodedType : type, 0);
    this.#decoder =
      codings === null || codings.length === 0
        ? null
        : new ContentDecoder(means.decoders, codings, limits.decodedBytesMax, this);
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    this.#encodedBytes += end - start;
    if (this.#broken) return;
    if (this.#decoder === null) this.decoded(bytes, start, end);
    else {
      this.#decoder.push(bytes, start, end);
      if (this.#decoder.state !== 'open') this.#broken = true;
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

  /** @param complete every byte of the body was pushed */
  finish(complete: boolean): BodyOutcome {
    let decoding: DecodeState = this.#unsupported ? 'unsupported' : 'complete';
    if (this.#decoder !== null) {
      decoding = this.#broken || !complete ? this.#decoder.abandon() : this.#decoder.finish();
    } else if (this.#decodedBytes === this.#limits.decodedBytesMax && this.#broken) decoding = 'limit';
    const wellFormed = this.#content.finish();
    return {
      kind: this.#content.kind,
      encodedBytes: this.#encodedBytes,
      decodedBytes: this.#decodedBytes,
      decoding,
      whole: complete && !this.#broken && decoding === 'complete' && wellFormed,
    };
  }
}

const encodedType: ContentType = { mediaType: 'application/octet-stream', charset: undefined, boundary: undefined };
