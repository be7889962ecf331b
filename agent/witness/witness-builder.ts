/**
 * Turns HTTP messages into witnesses: one for an exchange, its request's values as arguments and its response's as
 * responses. A half whose other half never comes is given out alone, when it has waited too long on the packets' clock, or
 * when the table is full (the oldest first).
 */
import type { BodyMeans } from '../body/body-handler.ts';
import { BodyReader } from '../body/body-reader.ts';
import { codingsIn } from '../body/codings.ts';
import { decodeFormText } from '../body/form-reader.ts';
import { exchangeKey, type HttpMessage, isInterim, type MessageHandler } from '../http/message-handler.ts';
import { BodyBuilder, type ValueTyper } from './body-builder.ts';
import { Exchange, FlightTable, type Half } from './exchange.ts';
import { ExchangeTable } from './exchange-table.ts';
import {
  AuthType,
  type Data,
  type DataMeta,
  type Fields,
  httpMeta,
  Location,
  type MethodMeta,
  Pairing,
  type Witness,
} from './ir.ts';
import { SLAB_BYTES, type TextSlab } from './sealed.ts';
import type { HeadSealer, MetaOfField, Sealer } from './sealer.ts';
import { verdictOn } from './secret-names.ts';
import { nodeBytes, type ValueBudget, ValueTotal } from './value-budget.ts';
import { idleExchangesMax, type WitnessLimits } from './witness-limits.ts';

/** What is known of a witness beyond itself. */
export interface WitnessContext {
  readonly stream: number;
  readonly exchange: number;
  /** First byte of the exchange, µs. */
  readonly tsUs: number;
  readonly hasRequest: boolean;
  readonly hasResponse: boolean;
  /** Every byte of both was seen and every body was read to its end. */
  readonly complete: boolean;
}

/** The witness is the handler's. Its maps are keyed by position until `agent/digest` keys them. */
export interface WitnessHandler {
  /**
   * Whether it may keep witnesses and contexts: else their objects serve the next exchange. What is sealed in a witness is
   * valid only during the call either way.
   * @default true
   */
  readonly keepsWitnesses?: boolean;
  witness(witness: Witness, context: WitnessContext): void;
}

export class WitnessCounters {
  /** Witnesses given out, and of these those with one half only. */
  witnesses = 0;
  requestsAlone = 0;
  responsesAlone = 0;
  /** Messages seen to their last byte that are in a witness, and witnesses of which both halves are. */
  requestsWhole = 0;
  responsesWhole = 0;
  exchangesWhole = 0;
  /** Halves given out early because the table was full. */
  pendingEvicted = 0;
  pendingExpired = 0;
  bodies = 0;
  /** Bodies read to their end; the others by the reason they were not. */
  bodiesWhole = 0;
  bodiesTruncated = 0;
  bodiesMalformed = 0;
  bodiesOverLimit = 0;
  bodiesDecoderBusy = 0;
  bodiesUnsupportedCoding = 0;
  bodiesShed = 0;
  encodedBytes = 0;
  decodedBytes = 0;
  /** Decoded bytes for each encoded one, of the body with the most, rounded. */
  ratioMax = 0;
}

/** What a header field is to a witness. */
const Role = {
  value: 0,
  none: 1,
  contentType: 2,
  contentEncoding: 3,
  authorization: 4,
  cookie: 5,
  setCookie: 6,
  transferEncoding: 7,
} as const;
type Role = (typeof Role)[keyof typeof Role];

/** Fields that are reported by other means, or say nothing about the API. */
const roles: Record<string, Role | undefined> = Object.assign(Object.create(null), {
  host: Role.none,
  'transfer-encoding': Role.transferEncoding,
  'content-type': Role.contentType,
  'content-encoding': Role.contentEncoding,
  authorization: Role.authorization,
  cookie: Role.cookie,
  'set-cookie': Role.setCookie,
});

interface Field {
  readonly name: string;
  readonly role: Role;
  /** In requests, and in responses of the status that came last: these two take turns. */
  requestMeta: DataMeta | null;
  status: number;
  meta: DataMeta | null;
}

/** Names come back with every message: their metas are shared. Direct cap; a full table is emptied. */
const metasMax = 2048;
/** Names of more characters are kept by their message alone, which pays for them. */
const sharedNameCharactersMax = 64;
/** Values of one message outside its body. */
const headValuesMax = 500;
const headCharactersMax = 16 << 10;
/** Of a media type or a host: longer ones are cut. */
const kindCharactersMax = 1024;

/** An exchange with its witness, and a message in flight with its reader: what they weigh beside values (measured). */
const exchangeBytes = 2000;
const flightBytes = 2500 + SLAB_BYTES;

/** Keys by position, made once. Query, header and body values of one message, and one to spare. */
const positions: readonly string[] = Array.from({ length: headValuesMax + 2 }, (_, i) => String(i));

/** A head with more fields, or longer, is read field by field. */
const packedFieldsMax = 100;
const packedBytesMax = 64 << 10;

export class WitnessBuilder implements MessageHandler {
  readonly readsHeadLater = false;
  readonly counters = new WitnessCounters();
  readonly values: ValueTotal;
  readonly #limits: WitnessLimits;
  readonly #means: BodyMeans;
  readonly #typer: ValueTyper;
  readonly #handler: WitnessHandler;
  /** By exchange, oldest first. */
  readonly #exchanges: ExchangeTable;
  /** Messages whose bytes are still coming, by stream and side. */
  readonly #inFlight = new FlightTable();
  readonly #keepsWitnesses: boolean;
  /** Those that are over. */
  readonly #idle: Exchange[] = [];
  /** By location, type and status in one number, then by key; `#metasKept` of them together. */
  readonly #metas = new Map<number, Map<string, DataMeta>>();
  #metasKept = 0;
  readonly #fields = new Map<string, Field>();
  /** Set under pressure: bodies are counted, not read. */
  shedBodies = false;
  /** What the next new exchange stands for, and its bodies; 0: they are left out (agent/overload/exchange-sampler.ts). */
  weight = 1;
  bodyWeight = 1;
  /** Responses without a request get keys of their own, below 0. */
  #orphans = 0;
  readonly #sealer: Sealer | null;
  /** Of the message that is begun. */
  #slab: TextSlab | null = null;
  /** Takes its values, and how many it took. */
  #packing: HeadSealer | null = null;
  #packed = 0;
  #contentCodings = '';
  #transferCodings = '';

  /** @param sealer null: every value is a tree until the handler has it */
  constructor(
    limits: WitnessLimits,
    means: BodyMeans,
    typer: ValueTyper,
    handler: WitnessHandler,
    sealer: Sealer | null = null,
  ) {
    this.#sealer = sealer;
    this.#limits = limits;
    this.#exchanges = new ExchangeTable(limits.pendingMax);
    this.#means = means;
    this.#typer = typer;
    this.#handler = handler;
    this.#keepsWitnesses = handler.keepsWitnesses ?? true;
    this.values = new ValueTotal(limits.totalBytesMax);
  }

  /** Exchanges waiting, for the gauges. */
  get pending(): number {
    return this.#exchanges.size;
  }

  begin(message: HttpMessage): void {
    if (isInterim(message)) return;
    const exchange = this.#exchangeOf(message);
    const isRequest = message.kind === 'request';
    const half = isRequest ? exchange.request : exchange.response;
    half.begin(message.stream * 2 + message.side, message.status);
    // Room was made for it: see #exchangeOf.
    half.budget.take(exchangeBytes / 2 + flightBytes);
    if (isRequest || !exchange.hasRequest) this.#name(exchange.meta, message, half.budget);
    if (!isRequest && exchange.hasRequest && exchange.requestEndUs > 0) {
      exchange.meta.processingLatencyMs = Math.max(0, message.tsUs - exchange.requestEndUs) / 1000;
    }
    this.#head(message, half);
    this.#inFlight.set(half);
  }

  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    const half = this.#inFlight.get(message.stream * 2 + message.side);
    if (half === null) return;
    if (half.body === null && !half.isShed) this.#openBody(half);
    half.body?.push(bytes, start, end);
  }

  bodyGap(message: HttpMessage): void {
    const half = this.#inFlight.get(message.stream * 2 + message.side);
    if (half === null) return;
    if (half.body === null && !half.isShed) this.#openBody(half);
    half.body?.gap();
  }

  end(message: HttpMessage): void {
    const half = this.#inFlight.get(message.stream * 2 + message.side);
    if (half === null) return;
    const { exchange } = half;
    this.#land(half, message.complete);
    if (!message.complete) exchange.complete = false;
    if (message.pairing === 'probable') exchange.isProbable = true;
    half.isDone = true;
    half.isWhole = message.complete;
    if (message.kind === 'request') exchange.requestEndUs = message.lastTsUs;
    // A response that overtook its request in the capture waits for it; one without a request is done.
    const requestReady = exchange.hasRequest ? exchange.request.isDone : message.exchange < 0;
    if (exchange.response.isDone && requestReady) this.#give(exchange);
  }

  /** Gives out what has waited too long. Call now and then with the packets' clock. */
  advance(tsUs: number): void {
    for (let oldest = this.#exchanges.oldest(); oldest !== null; oldest = this.#exchanges.oldest()) {
      if (tsUs - oldest.tsUs < this.#limits.pendingTimeoutUs) break;
      this.counters.pendingExpired += 1;
      this.#give(oldest);
    }
  }

  /** The input is over: everything that waits is given out. */
  finish(): void {
    for (let oldest = this.#exchanges.oldest(); oldest !== null; oldest = this.#exchanges.oldest()) this.#give(oldest);
  }

  #exchangeOf(message: HttpMessage): Exchange {
    if (message.exchange < 0) this.#orphans += 1;
    const key = message.exchange < 0 ? -this.#orphans : exchangeKey(message);
    const isRequest = message.kind === 'request';
    const known = this.#exchanges.get(key);
    if (known !== null) {
      const continues = isRequest ? !known.hasRequest : !known.hasResponse;
      if (continues) {
        this.#makeRoom(known);
        return known;
      }
      // More of one exchange than its two messages: what there was is reported by itself.
      this.#give(known);
    }
    this.#makeRoom(null);
    const exchange = this.#idle.pop() ?? new Exchange(this.values, this.#limits.messageBytesMax);
    exchange.begin(key, message, this.bodyWeight === 0);
    this.#weigh(exchange);
    this.#exchanges.add(exchange);
    return exchange;
  }

  #weigh({ meta }: Exchange): void {
    const { weight, bodyWeight } = this;
    if (weight === 1 && bodyWeight === 1) return;
    if (weight !== 1) meta.weight = weight;
    if (bodyWeight !== weight) meta.bodyWeight = bodyWeight === 0 ? -1 : bodyWeight;
  }

  /** For one more message, of an exchange that is there (`kept`) or of a new one: the oldest go, finished or not. */
  #makeRoom(kept: Exchange | null): void {
    if (!this.#isFull(kept)) return;
    for (let next = this.#exchanges.oldest(); next !== null && this.#isFull(kept); ) {
      const oldest = next;
      next = this.#exchanges.after(oldest);
      if (oldest === kept) continue;
      this.counters.pendingEvicted += 1;
      this.#give(oldest);
    }
  }

  #isFull(kept: Exchange | null): boolean {
    const { pendingMax, totalBytesMax } = this.#limits;
    if (kept === null && this.#exchanges.size >= pendingMax) return true;
    return this.values.bytes + exchangeBytes + flightBytes + 1000 > totalBytesMax;
  }

  #name(meta: MethodMeta, message: HttpMessage, budget: ValueBudget): void {
    meta.method = message.method;
    const path = pathOf(message.uri);
    const host = message.kind === 'request' ? (message.headers.get('host') ?? authorityOf(message.uri)) : '';
    if (!budget.take(path.length + Math.min(host.length, kindCharactersMax))) return;
    meta.pathTemplate = path;
    meta.host = host.length > kindCharactersMax ? host.slice(0, kindCharactersMax) : host;
  }

  #meta(location: number, key: string, type: number, responseCode: number): DataMeta {
    const place = (location * 16 + type) * 1024 + responseCode;
    const known = this.#metas.get(place)?.get(key);
    if (known !== undefined) return known;
    const meta = httpMeta(location, key, type, responseCode);
    if (key.length > sharedNameCharactersMax - 16) return meta;
    if (this.#metasKept >= metasMax) {
      this.#metas.clear();
      this.#metasKept = 0;
    }
    let named = this.#metas.get(place);
    if (named === undefined) this.#metas.set(place, (named = new Map()));
    named.set(key, meta);
    this.#metasKept += 1;
    return meta;
  }

  /** All values of a head: together where they can be sealed without one another, else one by one. */
  #head(message: HttpMessage, half: Half): void {
    const pairs = message.kind === 'request' ? queryPairs(message.uri) : noPairs;
    const names = pairs.length > 0 ? pairs.map(nameOfPair) : noPairs;
    // Neighbours say whether these are secrets: they are not sealed before all are known.
    const isPlain = pairs.length > 1 && names.some(isNameOfValue);
    this.#contentCodings = '';
    this.#transferCodings = '';
    this.#packed = 0;
    this.#packing = isPlain ? null : this.#openPacked(message, half, pairs.length);
    if (this.#packing === null) this.#slab = half.slab = this.#sealer?.openSlab() ?? null;
    for (let i = 0; i < pairs.length; i += 1) {
      const pair = pairs[i]!;
      if (pair === '') continue;
      const equals = pair.indexOf('=');
      const value = equals < 0 ? '' : decodeFormText(pair.slice(equals + 1));
      this.#add(half.values, half.budget, value, this.#meta(Location.QUERY, names[i]!, 0, 0), isPlain);
    }
    this.#headers(message, half);
    if (this.#packing !== null) half.values.packed = this.#packing.close();
    this.#packing = null;
    const { flags } = message;
    if (this.#contentCodings !== '' || this.#transferCodings !== '')
      half.codings = codingsIn(this.#contentCodings, this.#transferCodings, flags);
  }

  /** @returns null where the head is not for the sealer, or there is no budget for all that may be in it */
  #openPacked(message: HttpMessage, half: Half, pairs: number): HeadSealer | null {
    const heads = this.#sealer?.heads ?? null;
    const place = heads === null ? null : (message.headers.place ?? null);
    if (heads === null || place === null || place.count > packedFieldsMax || place.length > packedBytesMax) return null;
    if (pairs > packedFieldsMax || !half.budget.has(nodeBytes * place.count + place.length)) return null;
    heads.open(place, message.status, this.#metaOfField);
    return heads;
  }

  /** @param isPlain its neighbours say whether it is a secret: it is not sealed before they are known */
  #add(values: Fields, budget: ValueBudget, text: string, meta: DataMeta, isPlain = false): void {
    if (values.size + this.#packed >= headValuesMax) return;
    const value = text.length > headCharactersMax ? text.slice(0, headCharactersMax) : text;
    const ownName = meta.key.length > sharedNameCharactersMax - 16 ? meta.key.length : 0;
    if (!budget.take(value.length + ownName)) return;
    if (this.#packing !== null) {
      this.#packing.text(value, meta);
      this.#packed += 1;
      return;
    }
    const sealed = isPlain ? null : this.#sealer?.text(value, meta, this.#slab);
    this.#append(values, sealed ?? this.#typer.text(value, meta));
  }

  /** Keyed by position until the digest is known. */
  #append(values: Fields, data: Data): void {
    values.append(positions[values.keys.length]!, data);
  }

  #headers(message: HttpMessage, half: Half): void {
    const { count } = message.headers;
    for (let i = 0; i < count; i += 1) {
      if (this.#packing !== null) i = this.#packFields(this.#packing, i, half.budget);
      if (i < count) this.#header(message, i, half);
    }
  }

  /** Fields whose values need no look from here. @returns the first other one */
  #packFields(packing: HeadSealer, from: number, budget: ValueBudget): number {
    const before = packing.characters;
    const to = packing.fields(from);
    budget.takeAll(to - from, packing.characters - before);
    this.#packed += to - from;
    return to;
  }

  #header(message: HttpMessage, i: number, half: Half): void {
    const { headers, status } = message;
    const { values, budget } = half;
    const field = this.#field(headers.name(i));
    const value = headers.value(i);
    switch (field.role) {
      case Role.value:
        this.#add(values, budget, value, this.#fieldMeta(field, status));
        break;
      case Role.contentType:
        half.contentType ??= value.slice(0, kindCharactersMax);
        break;
      case Role.contentEncoding:
        this.#contentCodings += this.#contentCodings === '' ? value : `,${value}`;
        this.#add(values, budget, value, this.#fieldMeta(field, status));
        break;
      case Role.transferEncoding:
        this.#transferCodings += this.#transferCodings === '' ? value : `,${value}`;
        break;
      case Role.authorization:
        this.#authorization(value, values, budget, status);
        break;
      case Role.cookie:
        for (const pair of value.split(';', headValuesMax)) this.#cookie(pair, values, budget, status);
        break;
      case Role.setCookie:
        this.#cookie(value.split(';', 1)[0]!, values, budget, status);
        break;
      default:
        break;
    }
  }

  readonly #metaOfField: MetaOfField = (name, status) => {
    const field = this.#field(name);
    return field.role === Role.value ? this.#fieldMeta(field, status) : null;
  };

  /** What is to be done with a field of this name; remembered. */
  #field(name: string): Field {
    let field = this.#fields.get(name);
    if (field === undefined) {
      if (this.#fields.size >= metasMax) this.#fields.clear();
      const lower = name.toLowerCase();
      field = {
        name: canonicalName(lower),
        role: roles[lower] ?? Role.value,
        requestMeta: null,
        status: -1,
        meta: null,
      };
      if (name.length <= sharedNameCharactersMax) this.#fields.set(name, field);
    }
    return field;
  }

  /** Messages of one kind follow one another: the last status's meta is kept at hand. */
  #fieldMeta(field: Field, status: number): DataMeta {
    if (status === 0) return (field.requestMeta ??= this.#meta(Location.HEADER, field.name, 0, 0));
    if (field.meta === null || field.status !== status) {
      field.meta = this.#meta(Location.HEADER, field.name, 0, status);
      field.status = status;
    }
    return field.meta;
  }

  #authorization(value: string, values: Fields, budget: ValueBudget, status: number): void {
    const space = value.indexOf(' ');
    const end = space < 0 ? value.length : space;
    const type = isScheme(value, end, 'basic')
      ? AuthType.BASIC
      : isScheme(value, end, 'bearer')
        ? AuthType.BEARER
        : AuthType.UNKNOWN;
    const credentials = type === AuthType.UNKNOWN ? value : value.slice(space + 1).trim();
    this.#add(values, budget, credentials, this.#meta(Location.AUTH, '', type, status));
  }

  #cookie(pair: string, values: Fields, budget: ValueBudget, status: number): void {
    if (pair.trim() === '') return;
    // Without `=` it is a value without a name (RFC 6265bis, section 5.7).
    const equals = pair.indexOf('=');
    const meta = this.#meta(Location.COOKIE, pair.slice(0, Math.max(0, equals)).trim(), 0, status);
    this.#add(values, budget, pair.slice(equals + 1).trim(), meta);
  }

  /** Whether an exchange of this key is begun and not given out. */
  isWaiting(key: number): boolean {
    return this.#exchanges.get(key) !== null;
  }

  /** Leaves out the rest of all bodies under way. @returns how many */
  giveUpBodies(): number {
    let count = 0;
    for (const half of this.#inFlight.all()) {
      if (half === null || half.body === null) continue;
      count += 1;
      half.isGivenUp = true;
      half.exchange.meta.bodyWeight = -1;
      this.#endBody(half, false);
      half.isShed = true;
    }
    return count;
  }

  #openBody(half: Half): void {
    const { exchange } = half;
    if (exchange.isBodiless || this.shedBodies) {
      half.isShed = true;
      exchange.complete = false;
      if (!exchange.isBodiless) this.counters.bodiesShed += 1;
      return;
    }
    const { contentType, codings } = half;
    if (half.builder !== null && half.idleBody !== null) {
      half.builder.restart(half.status);
      half.idleBody.restart(contentType, codings);
    } else {
      half.builder = new BodyBuilder(half.budget, this.#typer, half.status, this.#sealer);
      half.idleBody = new BodyReader(this.#limits.body, this.#means, half.builder, contentType, codings);
    }
    half.body = half.idleBody;
  }

  /** The message is over, or the rest of it is not awaited. */
  #land(half: Half, complete: boolean): void {
    this.#inFlight.remove(half);
    this.#endBody(half, complete);
  }

  #endBody(half: Half, complete: boolean): void {
    const { body, builder } = half;
    if (body === null || builder === null) return;
    half.body = null;
    const outcome = body.finish(complete);
    const data = builder.finish();
    if (data !== null) this.#append(half.values, data);
    half.sealed = builder.sealed;
    if (outcome.encodedBytes === 0) return;
    const { counters } = this;
    counters.bodies += 1;
    counters.encodedBytes += outcome.encodedBytes;
    counters.decodedBytes += outcome.decodedBytes;
    counters.ratioMax = Math.max(counters.ratioMax, Math.round(outcome.decodedBytes / outcome.encodedBytes));
    if (outcome.whole && !builder.cut) {
      counters.bodiesWhole += 1;
      return;
    }
    half.exchange.complete = false;
    if (half.isGivenUp) return;
    if (outcome.decoding === 'busy') counters.bodiesDecoderBusy += 1;
    else if (outcome.decoding === 'unsupported') counters.bodiesUnsupportedCoding += 1;
    else if (outcome.decoding === 'limit' || builder.cut) counters.bodiesOverLimit += 1;
    else if (outcome.decoding === 'malformed' || complete) counters.bodiesMalformed += 1;
    else counters.bodiesTruncated += 1;
  }

  #give(exchange: Exchange): void {
    const { request, response, meta } = exchange;
    this.#exchanges.remove(exchange);
    if (request.isFlying) this.#land(request, false);
    if (response.isFlying) this.#land(response, false);
    const { counters } = this;
    counters.witnesses += 1;
    if (!response.isBegun) counters.requestsAlone += 1;
    if (!request.isBegun) counters.responsesAlone += 1;
    if (request.isWhole) counters.requestsWhole += 1;
    if (response.isWhole) counters.responsesWhole += 1;
    if (request.isWhole && response.isWhole) counters.exchangesWhole += 1;
    if (!request.isBegun || !response.isBegun) meta.pairing = Pairing.ABSENT;
    else if (exchange.isProbable) meta.pairing = Pairing.PROBABLE;
    exchange.complete &&= request.isDone && response.isDone;
    this.#handler.witness(exchange.witness, exchange);
    this.#release(request);
    this.#release(response);
    if (this.#keepsWitnesses || this.#idle.length >= idleExchangesMax) return;
    exchange.reset();
    this.#idle.push(exchange);
  }

  /** Its values are with the handler, or nowhere. */
  #release(half: Half): void {
    if (!half.isBegun) return;
    const isOver = !this.#keepsWitnesses;
    half.budget.release();
    if (half.sealed !== null) this.#sealer!.release(half.sealed, isOver);
    if (half.slab !== null) this.#sealer!.closeSlab(half.slab);
    if (half.values.packed !== null) this.#sealer!.heads!.release(half.values.packed, isOver);
  }
}

/** Path of a request target in origin or absolute form (RFC 9112, section 3.2), without its query. */
function pathOf(uri: string): string {
  // No expression, which allocates, for what nearly all are.
  const path = uri.charCodeAt(0) === 0x2f ? uri : uri.replace(/^[a-z][a-z0-9+.-]{0,20}:\/\/[^/?]*/i, '');
  const question = path.indexOf('?');
  return question < 0 ? path : path.slice(0, question);
}

function authorityOf(uri: string): string {
  return /^[a-z][a-z0-9+.-]{0,20}:\/\/([^/?]*)/i.exec(uri)?.[1] ?? '';
}

/** Names as Go writes them (`User-Agent`), so that digests agree whatever the sender's spelling. */
function canonicalName(lower: string): string {
  return lower.replace(/(^|-)([a-z])/g, (_all, before: string, letter: string) => before + letter.toUpperCase());
}

const noPairs: readonly string[] = [];

/** The parameters of a request target, still encoded. */
function queryPairs(uri: string): readonly string[] {
  const question = uri.indexOf('?');
  return question < 0 ? noPairs : uri.slice(question + 1).split('&', headValuesMax);
}

const isNameOfValue = (name: string): boolean => verdictOn(name).isValue;

/** Whether a value begins with a scheme that ends at `end`, in whatever case. @param scheme in lower case */
function isScheme(value: string, end: number, scheme: string): boolean {
  if (end !== scheme.length) return false;
  for (let i = 0; i < end; i += 1) {
    const code = value.charCodeAt(i);
    if ((code >= 0x41 && code <= 0x5a ? code | 0x20 : code) !== scheme.charCodeAt(i)) return false;
  }
  return true;
}

function nameOfPair(pair: string): string {
  const equals = pair.indexOf('=');
  return decodeFormText(equals < 0 ? pair : pair.slice(0, equals));
}
