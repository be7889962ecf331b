/** Turns the events of one body into one IR value; every value is paid for from a budget before it is made. */
import type { BodyHandler } from '../body/body-handler.ts';
import { type BodyKind, dispositionParameter, type ContentType as MediaType } from '../body/content-type.ts';
import {
  bigData,
  boolData,
  bytesData,
  ContentType,
  Data,
  DataKind,
  type DataMeta,
  doubleData,
  httpMeta,
  int64Data,
  Location,
  listData,
  listElements,
  optionalData,
  structData,
  structFields,
} from './ir.ts';
import type { Sealed } from './sealed.ts';
import type { JsonParts, Sealer } from './sealer.ts';
import type { ValueBudget } from './value-budget.ts';

/** How text becomes a value: its type and its formats. */
export interface ValueTyper {
  /** Text whose source has types of its own (JSON, YAML): stays a string. */
  string(value: string, meta: DataMeta | null): Data;
  /** Text whose source has none (headers, forms, queries): inferred by the ladder. */
  text(value: string, meta: DataMeta | null): Data;
  /** A number from a typed source: recognises unix times and the like. */
  number(data: Data): Data;
}

const bodyTypes: Record<BodyKind, number> = {
  json: ContentType.JSON,
  yaml: ContentType.YAML,
  form: ContentType.FORM_URL_ENCODED,
  multipart: ContentType.OTHER,
  text: ContentType.TEXT_PLAIN,
  html: ContentType.TEXT_HTML,
  xml: ContentType.OTHER,
  events: ContentType.OTHER,
  pdf: ContentType.PDF,
  bytes: ContentType.OCTET_STREAM,
  unknown: ContentType.UNKNOWN,
};

/** A media type kept as `other_type`: longer is no type. */
const otherTypeCharactersMax = 100;
/** Characters of a name (member, form field, part): longer ones are cut, they are kept as keys. */
const nameCharactersMax = 256;

/** Containers that are open, one entry each; null for one that is not kept because the budget is spent. */
interface Open {
  readonly data: Data | null;
  name: string;
  /** Parts and form fields: a repeated name makes a list of its values. */
  readonly repeats: boolean;
}

/** A longer value is paid for by what there is for all messages, not by its message's share. */
const longBytesMin = 1 << 20;

/** What a struct and a list weigh beside their node: arrays grow to seventeen places at once (measured). */
const structBytes = 250;
const listBytes = 130;

export class BodyBuilder implements BodyHandler {
  readonly #budget: ValueBudget;
  readonly #typer: ValueTyper;
  #responseCode: number;
  readonly #sealer: Sealer | null;
  readonly #open: Open[] = [];
  /** Top-level values: usually one, several for JSON sequences. */
  #roots: Data[] = [];
  #meta: DataMeta | null = null;
  #kind: BodyKind = 'unknown';
  /** Multipart bodies inside one another. */
  #partDepth = 0;
  /** The budget was spent: some values are missing. */
  cut = false;

  /** A body that is sealed in parts, and what was paid for it. */
  #parts: JsonParts | null = null;
  #partsPaid = 0;

  /** The body's value, where the sealer took it: its memory is to be released. */
  sealed: Data | null = null;

  constructor(budget: ValueBudget, typer: ValueTyper, responseCode: number, sealer: Sealer | null = null) {
    this.#sealer = sealer;
    this.#budget = budget;
    this.#typer = typer;
    this.#responseCode = responseCode;
  }

  /** Begins another body, after the end of the one before: for the same budget. */
  restart(responseCode: number): void {
    this.#responseCode = responseCode;
    if (this.#roots.length > 0) this.#roots = [];
    if (this.#open.length > 0) this.#open.length = 0;
    if (this.#partOpen.length > 0) this.#partOpen.length = 0;
    this.#meta = null;
    this.#kind = 'unknown';
    this.#partDepth = 0;
    this.cut = false;
    this.#partsPaid = 0;
    this.sealed = null;
  }

  /** The body's value with its place in the message, or null when it was empty. */
  finish(): Data | null {
    if (this.sealed !== null) return this.sealed;
    const root = this.#roots.length > 1 ? listData(this.#roots) : this.#roots[0];
    if (root === undefined) return null;
    root.meta = this.#meta;
    return root;
  }

  kind(kind: BodyKind, type: MediaType): void {
    if (this.#partDepth > 0) {
      if (kind === 'multipart' || kind === 'form') this.#begin(this.#make(structData, structBytes), true);
      return;
    }
    this.#kind = kind;
    const { mediaType } = type;
    let code = bodyTypes[kind];
    // Only these say what they are by their code; of everything else the name is worth keeping.
    if (kind === 'text' && mediaType !== 'text/plain' && mediaType !== '') code = ContentType.OTHER;
    if (kind === 'bytes' && mediaType !== 'application/octet-stream' && mediaType !== '') code = ContentType.OTHER;
    const other = code === ContentType.OTHER ? mediaType.slice(0, otherTypeCharactersMax) : '';
    if (kind === 'multipart') {
      this.#meta = httpMeta(Location.MULTIPART, mediaType.slice('multipart/'.length), 0, this.#responseCode);
    } else if (code === ContentType.JSON) this.#meta = jsonMeta(this.#responseCode);
    else this.#meta = httpMeta(Location.BODY, other, code, this.#responseCode);
    if (kind === 'multipart' || kind === 'form') this.#begin(this.#make(structData, structBytes), true);
  }

  beginObject(): void {
    this.#begin(this.#make(structData, structBytes), false);
  }

  beginArray(): void {
    this.#begin(this.#make(newList, listBytes), false);
  }

  endObject(): void {
    this.#open.pop();
  }

  endArray(): void {
    this.#open.pop();
  }

  key(name: string): void {
    this.#open[this.#open.length - 1]!.name = name.length > nameCharactersMax ? name.slice(0, nameCharactersMax) : name;
  }

  string(value: string, cut: boolean): void {
    if (cut) this.cut = true;
    if (this.#pay(value.length)) this.#put(this.#typer.string(value, null));
  }

  integer(value: number): void {
    if (this.#pay(0)) this.#put(this.#typer.number(int64Data(value)));
  }

  bigInteger(value: bigint): void {
    if (this.#pay(8)) this.#put(this.#typer.number(bigData(value)));
  }

  double(value: number): void {
    if (this.#pay(8)) this.#put(doubleData(value));
  }

  boolean(value: boolean): void {
    if (this.#pay(0)) this.#put(boolData(value));
  }

  null(): void {
    if (this.#pay(0)) this.#put(optionalData());
  }

  skipped(): void {
    this.cut = true;
    if (this.#pay(0)) this.#put(new Data(DataKind.NONE, 0, null, null));
  }

  get wholeBytesMax(): number {
    return this.#sealer === null || this.#partDepth > 0 || this.#roots.length > 0 ? 0 : this.#sealer.jsonBytesMax;
  }

  whole(pages: readonly Uint8Array[], length: number): boolean {
    const data = this.#sealer!.json(pages, length, this.#meta);
    if (data === null) return false;
    const size = (data.value as Sealed).length;
    if (size > longBytesMin ? this.#payParts(size) : this.#pay(size)) this.sealed = data;
    else this.#sealer!.release(data, true);
    return true;
  }

  part(pages: readonly Uint8Array[], length: number): boolean {
    this.#parts ??= this.#sealer!.openParts(this.#meta);
    const parts = this.#parts;
    if (parts === null) return false;
    const isFirst = this.#partsPaid === 0;
    const isRead = parts.push(pages, length);
    if (isFirst && (!isRead || parts.unreadBytes > length / 2 || !this.#payParts(parts.bytes))) {
      // The other way can still be taken.
      parts.release();
      this.#parts = null;
      return false;
    }
    if (!isRead) this.cut = true;
    return isRead && this.#payParts(parts.bytes);
  }

  endParts(pages: readonly Uint8Array[], length: number): boolean {
    const parts = this.#parts!;
    const isRead = !this.cut && (length === 0 || parts.push(pages, length));
    if (isRead) this.#payParts(parts.bytes);
    const isWhole = isRead && parts.isWhole;
    this.#parts = null;
    this.sealed = parts.finish();
    if (this.sealed === null) parts.release();
    return isWhole;
  }

  /** For what has been added to the value. */
  #payParts(bytes: number): boolean {
    if (bytes <= this.#partsPaid) return true;
    if (this.#budget.takeSealed(bytes - this.#partsPaid)) {
      this.#partsPaid = bytes;
      return true;
    }
    this.cut = true;
    return false;
  }

  endDocument(): void {
    // A sequence's documents differ from others by being roots.
  }

  pair(name: string, value: string, cut: boolean): void {
    if (cut) this.cut = true;
    const top = this.#open[this.#open.length - 1]!;
    top.name = name.slice(0, nameCharactersMax);
    if (this.#pay(value.length)) this.#put(this.#typer.text(value, null));
  }

  text(value: string, cut: boolean): void {
    if (cut) this.cut = true;
    if (!this.#pay(value.length)) return;
    // A form field is text without a type of its own; a text body is what it is.
    this.#put(this.#partDepth > 0 ? this.#typer.text(value, null) : this.#typer.string(value, null));
  }

  sample(bytes: Uint8Array, cut: boolean): void {
    if (cut) this.cut = true;
    if (this.#pay(bytes.length)) this.#put(bytesData(bytes));
  }

  beginPart(headers: ReadonlyMap<string, string>): void {
    this.#partDepth += 1;
    const top = this.#open[this.#open.length - 1]!;
    const name = dispositionParameter(headers.get('content-disposition'), 'name') ?? headers.get('content-id') ?? '';
    top.name = name.slice(0, nameCharactersMax);
    this.#partOpen.push(this.#open.length);
  }

  /** How many containers were open when each part began: a part that ended early leaves some behind. */
  readonly #partOpen: number[] = [];

  endPart(complete: boolean): void {
    this.#partDepth -= 1;
    if (!complete) this.cut = true;
    this.#open.length = this.#partOpen.pop()!;
  }

  /** What the body turned out to be. */
  get bodyKind(): BodyKind {
    return this.#kind;
  }

  #make(create: () => Data, ownBytes: number): Data | null {
    return this.#pay(ownBytes) ? create() : null;
  }

  /** For one value, and for its name where it stands under one. */
  #pay(characters: number): boolean {
    const top = this.#open[this.#open.length - 1];
    if (this.#budget.take(characters + (top === undefined ? 0 : top.name.length))) return true;
    this.cut = true;
    return false;
  }

  #begin(data: Data | null, repeats: boolean): void {
    if (data !== null) this.#put(data);
    this.#open.push({ data, name: '', repeats });
  }

  #put(value: Data): void {
    const top = this.#open[this.#open.length - 1];
    if (top === undefined) {
      this.#roots.push(value);
      return;
    }
    const container = top.data;
    if (container === null) return;
    if (container.kind === DataKind.LIST) {
      listElements(container).push(value);
      return;
    }
    const fields = structFields(container);
    const before = top.repeats ? fields.get(top.name) : undefined;
    if (before === undefined) fields.set(top.name, value);
    else if (before.kind === DataKind.LIST) listElements(before).push(value);
    else fields.set(top.name, listData([before, value]));
  }
}

function newList(): Data {
  return listData();
}

/** One for each status: shared by all bodies, so that what is known of it is known once. There are 600 of them at most. */
const jsonMetas = new Map<number, DataMeta>();

function jsonMeta(responseCode: number): DataMeta {
  let meta = jsonMetas.get(responseCode);
  if (meta === undefined) {
    if (jsonMetas.size >= 600) jsonMetas.clear();
    jsonMetas.set(responseCode, (meta = httpMeta(Location.BODY, '', ContentType.JSON, responseCode)));
  }
  return meta;
}
