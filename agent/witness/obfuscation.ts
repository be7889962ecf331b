/**
 * What leaves the agent leaves through here. One set of rules for witnesses and for plain name–value pairs (HAR, printed
 * messages): `redact` replaces secrets, `zero` all values, `hash` all values by keyed hashes, `off` nothing.
 * In `zero` and `hash` names and paths are still redacted: they are no values, and may hold secrets all the same.
 */
import type { Hmac } from 'node:crypto';
import { AUTH_SCHEMES, hidesWideText, isProtocolName, redactFieldName } from './field-secrets.ts';
import { type Data, DataKind, DataMeta, Fields, Location, type OneOf, ScalarKind, type Witness } from './ir.ts';
import { decodeForm, type NamedParameter, namedParameters, namedQuery } from './named-parameters.ts';
import type { ObfuscationMode } from './obfuscation-mode.ts';
import { isListedSecret, isSecretName, isSecretPair, namesSecret, verdictOn } from './secret-names.ts';
import { isCardValue, REDACTED, redactText } from './secret-scanner.ts';
import { isTableType, redactTable } from './secret-tables.ts';
import { Step, Visit, type VisitContext, Walker } from './visitor.ts';

export { REDACTED };

/** Where a plain pair stands in its message. */
export type PairPlace = 'header' | 'query' | 'cookie' | 'form';

/** Header fields that say how to read the message: kept in `zero` and `hash`, or nothing could be read. */
const STRUCTURAL_HEADERS = new Set(['content-type', 'content-encoding', 'content-length', 'transfer-encoding', 'date']);
/** Header fields that hold one URL: what is encoded in it is looked at as it was meant. */
const URL_HEADERS = new Set(['referer', 'location', 'content-location', 'origin']);
/** A list of protocols, of which clients misuse one for a token. */
const PROTOCOL_HEADER = 'sec-websocket-protocol';
/** Formats whose values are secrets by themselves. */
export const SECRET_FORMAT_KINDS: ReadonlySet<string> = new Set(['payment_card', 'token']);

/** So many are known at most; a full set is emptied. Each may keep the request target alive that it is a part of. */
const CLEAN_MAX = 64;
const CLEAN_CHARACTERS_MAX = 128;

export class Obfuscator {
  readonly mode: ObfuscationMode;
  /** Values changed so far. */
  changed = 0;
  readonly #hashKey: Uint8Array;
  readonly #walker = new Walker();
  /** Methods and hosts without a secret. */
  readonly #clean = new Set<string>();
  /** Depth of the topmost node whose name is a secret's: everything below goes; −1 outside of one. */
  #secretDepth = -1;
  /** Whether a parameter of the query is a secret that another one names. */
  #named: NamedParameter | null = null;

  /**
   * @param mode @default by callers 'redact'
   * @param hashKey 16 random bytes or more, made at start: without a key, short values could be guessed from their hashes
   */
  constructor(mode: ObfuscationMode, hashKey: Uint8Array) {
    this.mode = mode;
    this.#hashKey = hashKey;
  }

  /** Obfuscates a witness in place. Its maps must be keyed afterwards (`keyWitness`). */
  witness(witness: Witness): void {
    if (this.mode === 'off' || witness.method === null) return;
    this.#secretDepth = -1;
    const { meta, id } = witness.method;
    if (meta !== null) {
      meta.method = this.#shared(meta.method);
      meta.pathTemplate = this.path(meta.pathTemplate);
      meta.host = this.host(meta.host);
    }
    if (id !== null) id.name = this.#scan(id.name);
    this.#named = this.mode === 'redact' ? namedQuery(witness.method.args) : null;
    // What is sealed was obfuscated before: most witnesses have nothing else.
    if (!isSealed(witness.method.args) || !isSealed(witness.method.responses)) this.#walker.witness(witness, this);
  }

  /** Obfuscates one value in place, as if it stood alone in a witness. */
  value(data: Data): void {
    if (this.mode === 'off') return;
    this.#secretDepth = -1;
    this.#walker.data(data, this);
  }

  /** The value of a named thing, as it may leave the agent. */
  pair(place: PairPlace, name: string, value: string): string {
    if (this.mode === 'off' || value === '') return value;
    const lower = name.toLowerCase();
    if (place === 'header' && lower === 'cookie') return this.#cookies(value);
    if (place === 'header' && lower === 'set-cookie') return this.#setCookie(value);
    if (this.mode !== 'redact') {
      return place === 'header' && STRUCTURAL_HEADERS.has(lower) ? this.#scan(value) : this.#value(value);
    }
    if (place === 'header' && (lower === 'authorization' || lower === 'proxy-authorization'))
      return this.#credentials(value);
    if (place === 'header' && lower === 'host') return this.host(value);
    if (place === 'header' && lower === PROTOCOL_HEADER) return this.#protocols(value);
    const isParameter = place === 'query' || place === 'form';
    if (place === 'cookie' || isSecretPair(name, value, isParameter)) return this.#note(REDACTED);
    if (place === 'header' && URL_HEADERS.has(lower)) return this.url(value);
    return this.#scan(value);
  }

  /** A name, or a short text without one, as it may leave the agent: map keys, parameters, fields, methods. */
  name(name: string): string {
    return this.mode === 'off' ? name : this.#scan(name);
  }

  /** A host, with its port; clients may put a user's name and password before it. */
  host(host: string): string {
    if (this.mode === 'off' || this.#clean.has(host)) return host;
    const at = host.lastIndexOf('@');
    return at < 0 ? this.#shared(host) : this.#note(REDACTED) + this.#scan(host.slice(at));
  }

  /** A URL or request target: user information, path segments, query pairs and fragment. */
  url(url: string): string {
    if (this.mode === 'off') return url;
    const hash = url.indexOf('#');
    const fragment = hash < 0 ? '' : url.slice(hash + 1);
    const target = hash < 0 ? url : url.slice(0, hash);
    const question = target.indexOf('?');
    const path = this.path(question < 0 ? target : target.slice(0, question));
    const query = question < 0 ? '' : `?${this.form(target.slice(question + 1), 'query')}`;
    return path + query + (hash < 0 ? '' : `#${this.form(fragment, 'query')}`);
  }

  /** A path, possibly with scheme and host before it: what looks like a secret, and what follows a secret's name. */
  path(path: string): string {
    return this.mode === 'off' ? path : this.#scan(path);
  }

  /** Pairs of `application/x-www-form-urlencoded`. */
  form(text: string, place: PairPlace = 'form'): string {
    if (this.mode === 'off' || text === '') return text;
    const pairs = text.split('&');
    const named = pairs.length > 1 && this.mode === 'redact' ? namedParameters(pairs) : null;
    return pairs
      .map((pair) => {
        const equals = pair.indexOf('=');
        if (equals < 0) return this.#encoded('', pair, place);
        const name = pair.slice(0, equals);
        if (named?.(decodeForm(name), pair.slice(equals + 1))) return `${name}=${this.#note(REDACTED)}`;
        return `${this.#encoded('', name, place)}=${this.#encoded(name, pair.slice(equals + 1), place)}`;
      })
      .join('&');
  }

  /** A body's text. @param mediaType lower case, without parameters */
  text(text: string, mediaType = ''): string {
    if (this.mode === 'off' || text === '') return text;
    const isForm = mediaType === 'application/x-www-form-urlencoded';
    if (this.mode !== 'redact') return isForm ? this.form(text) : this.#value(text);
    if (isTableType(mediaType)) return this.#scan(redactTable(text));
    // A form may be none, whatever its type says.
    return isForm && /^[^{[<"\s]/.test(text) ? this.form(text) : this.#scan(text);
  }

  /** For the walker. */
  enter(data: Data, context: VisitContext): number {
    // Sealed after it was obfuscated.
    if (data.kind === DataKind.SEALED) return Visit.SKIP;
    if (this.#secretDepth < 0 && this.#isSecret(data, context)) this.#secretDepth = context.depth;
    if (data.meta !== null) data.meta = this.#meta(data.meta);
    if (data.kind === DataKind.PRIMITIVE) this.#primitive(data, context);
    else if (data.kind === DataKind.LIST) this.#listed(data.value as Data[], context);
    else if (data.kind === DataKind.STRUCT) this.#keys(data.value as Fields);
    else if (data.kind === DataKind.ONE_OF) this.#keys((data.value as OneOf).options);
    if (data.extra !== null) data.extra.exampleValues = null;
    return Visit.CONTINUE;
  }

  /** For the walker. */
  leave(_data: Data, context: VisitContext): number {
    if (this.#secretDepth === context.depth) this.#secretDepth = -1;
    return Visit.CONTINUE;
  }

  #isSecret(data: Data, context: VisitContext): boolean {
    const { meta } = data;
    if (meta !== null) {
      if (meta.location === Location.AUTH || meta.location === Location.COOKIE) return true;
      if ((meta.location === Location.HEADER || meta.location === Location.QUERY) && isSecretName(meta.key))
        return true;
      if (meta.location === Location.PATH && isSecretName(meta.key)) return true;
    }
    if (context.step() !== Step.FIELD) return false;
    const key = context.key();
    const { isSecret, isValue } = verdictOn(key);
    return isSecret || (isValue && isNamedBeside(context.node(1)!, String(data.value)));
  }

  /** Names and values in turn, as in `["Authorization", "…"]`. */
  #listed(elements: readonly Data[], context: VisitContext): void {
    if (this.mode !== 'redact' || this.#secretDepth >= 0 || elements.length % 2 !== 0) return;
    if (elements.some(({ kind }) => kind !== DataKind.PRIMITIVE)) return;
    const isPair = elements.length === 2 && context.step() === Step.ELEMENT;
    for (let i = 0; i < elements.length; i += 2) {
      const name = elements[i]!.value;
      const value = elements[i + 1]!;
      if (typeof name !== 'string' || typeof value.value === 'boolean' || value.value === '') continue;
      if (isListedSecret(name, String(value.value), isPair)) this.#replace(value, REDACTED);
    }
  }

  #primitive(data: Data, context: VisitContext): void {
    data.extra = null;
    if (this.mode === 'zero') this.#zero(data);
    else if (this.mode === 'hash') this.#hash(data);
    else this.#redact(data, context);
  }

  #redact(data: Data, context: VisitContext): void {
    const { value, meta } = data;
    const wholly = this.#secretDepth >= 0 || (data.format !== null && SECRET_FORMAT_KINDS.has(data.format.kind));
    if (wholly) {
      // Yes and no give no secret away, and an absent one is none.
      if (data.scalar !== ScalarKind.BOOL && value !== null && value !== '') this.#replace(data, REDACTED);
    } else if (typeof value === 'string') {
      const redacted = this.#redactNamed(value, meta, context);
      if (redacted !== value) this.#replace(data, redacted);
    } else if (typeof value === 'number' || typeof value === 'bigint') {
      const isCode =
        meta?.location === Location.QUERY &&
        (isSecretPair(meta.key, String(value), true) || this.#named?.(meta.key, String(value)) === true);
      if (isCode || isCardValue(value)) this.#replace(data, REDACTED);
    } else if (value instanceof Uint8Array) {
      const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1');
      const redacted = redactText(text);
      if (redacted !== text) this.#replace(data, redacted);
      else if (hidesWideText(text)) this.#replace(data, REDACTED);
    }
  }

  /** A text with what its name says, if it has one. */
  #redactNamed(value: string, meta: DataMeta | null, context: VisitContext): string {
    if (isStructuredHeader(meta)) return this.pair('header', meta!.key, value);
    if (meta?.location === Location.BODY && isTableType(meta.key)) return redactText(redactTable(value));
    const isNamed = meta !== null && (meta.location === Location.HEADER || meta.location === Location.QUERY);
    const name = isNamed ? meta.key : context.step() === Step.FIELD ? context.key() : '';
    if (meta?.location === Location.QUERY && this.#named?.(meta.key, value)) return REDACTED;
    if (name !== '' && isSecretPair(name, value, isNamed && meta.location === Location.QUERY)) return REDACTED;
    return redactText(value);
  }

  #replace(data: Data, text: string): void {
    this.changed += 1;
    data.scalar = ScalarKind.STRING;
    data.value = text;
    data.format = null;
  }

  #zero(data: Data): void {
    this.changed += 1;
    if (data.scalar === ScalarKind.STRING) data.value = '';
    else if (data.scalar === ScalarKind.BOOL) data.value = false;
    else if (data.scalar === ScalarKind.BYTES) data.value = new Uint8Array(0);
    else if (data.scalar !== ScalarKind.NONE) data.value = 0;
  }

  /** As the original: strings become base64url text, numbers numbers of the same type; booleans stay. */
  #hash(data: Data): void {
    if (data.scalar === ScalarKind.BOOL || data.scalar === ScalarKind.NONE) return;
    this.changed += 1;
    const { value } = data;
    const hmac = this.#hmac()
      .update(value instanceof Uint8Array ? value : String(value))
      .digest();
    if (data.scalar === ScalarKind.STRING) data.value = base64url(hmac);
    else if (data.scalar === ScalarKind.BYTES) data.value = new Uint8Array(hmac);
    else if (data.scalar === ScalarKind.DOUBLE || data.scalar === ScalarKind.FLOAT)
      data.value = hmac.readUInt32BE() / 2 ** 32;
    else if (data.scalar === ScalarKind.INT64) data.value = hmac.readUIntBE(0, 6);
    else if (data.scalar === ScalarKind.UINT64) data.value = hmac.readUIntBE(0, 6);
    else data.value = hmac.readUInt32BE() >>> 1;
  }

  /** Keys that hold secrets themselves; two that become equal are numbered. */
  #keys(fields: Fields): void {
    const { keys, values } = fields;
    for (let i = 0; i < keys.length; i += 1) {
      if (redactText(keys[i]!) === keys[i]) continue;
      const renamed = new Fields();
      for (let j = 0; j < keys.length; j += 1) {
        const shown = redactText(keys[j]!);
        if (shown !== keys[j]) this.changed += 1;
        renamed.append(renamed.indexOf(shown) < 0 ? shown : `${shown}#${j}`, values[j]!);
      }
      fields.clear();
      for (let j = 0; j < renamed.size; j += 1) fields.append(renamed.keys[j]!, renamed.values[j]!);
      return;
    }
  }

  /** Metas are shared: a changed one is a new one. */
  #meta(meta: DataMeta): DataMeta {
    const key = meta.location === Location.HEADER ? redactFieldName(meta.key) : redactText(meta.key);
    if (key === meta.key) return meta;
    this.changed += 1;
    return new DataMeta(meta.protocol, meta.location, key, meta.type, meta.responseCode);
  }

  /** A text that comes with most messages (methods, hosts): looked at once, if nothing is found in it. */
  #shared(text: string): string {
    if (this.#clean.has(text)) return text;
    const scanned = this.#scan(text);
    // With an at sign in it a host is no host alone.
    if (scanned === text && text.length <= CLEAN_CHARACTERS_MAX && !text.includes('@')) {
      if (this.#clean.size >= CLEAN_MAX) this.#clean.clear();
      this.#clean.add(text);
    }
    return scanned;
  }

  #scan(text: string): string {
    const shown = redactText(text);
    if (shown !== text) this.changed += 1;
    return shown;
  }

  #note(text: string): string {
    this.changed += 1;
    return text;
  }

  /** Loaded where it is asked for: all other modes do without the cryptography, which takes 10 ms to load. */
  #hmac(): Hmac {
    return process.getBuiltinModule('node:crypto').createHmac('sha256', this.#hashKey);
  }

  /** A whole value in the modes that show none. */
  #value(text: string): string {
    this.changed += 1;
    return this.mode === 'zero' ? '' : base64url(this.#hmac().update(text).digest());
  }

  /** The scheme says nothing, what follows does. What is no scheme may be the secret. */
  #credentials(value: string): string {
    const scheme = /^([A-Za-z][A-Za-z0-9-]{1,31}) +(?=\S)/.exec(value);
    const isKnown = scheme !== null && AUTH_SCHEMES.has(scheme[1]!.toLowerCase());
    return this.#note(isKnown ? scheme[0] + REDACTED : REDACTED);
  }

  /** Names of protocols stay; what is none, and what follows one that announces a token, goes. */
  #protocols(value: string): string {
    let announced = false;
    return value
      .split(',')
      .map((item) => {
        const protocol = item.trim();
        const isName = !announced && isProtocolName(protocol) && !isNamedToken(protocol);
        announced = isSecretName(protocol);
        return isName || protocol === '' ? this.#scan(item) : this.#note(item.replace(protocol, () => REDACTED));
      })
      .join(',');
  }

  #cookies(value: string): string {
    return value
      .split(';')
      .map((pair) => {
        const equals = pair.indexOf('=');
        return equals < 0
          ? REDACTED
          : `${this.#scan(pair.slice(0, equals))}=${this.pair('cookie', '', pair.slice(equals + 1))}`;
      })
      .join(';');
  }

  #setCookie(value: string): string {
    const semicolon = value.indexOf(';');
    const rest = semicolon < 0 ? '' : this.#scan(value.slice(semicolon));
    return this.#cookies(semicolon < 0 ? value : value.slice(0, semicolon)) + rest;
  }

  /** A percent-encoded value: looked at as it was meant, written anew only where it had to change. */
  #encoded(name: string, value: string, place: PairPlace): string {
    const plain = decodeForm(value);
    const redacted = name === '' ? this.#scan(plain) : this.pair(place, decodeForm(name), plain);
    return redacted === plain
      ? value
      : encodeURIComponent(redacted).replaceAll('*', '%2A').replaceAll('%2AREDACTED%2A', REDACTED);
  }
}

const base64url = (bytes: Buffer): string => `${bytes.toString('base64url')}=`;

/** A header field whose value has a structure of its own: a URL, path and all, or a list of protocols. */
export function isStructuredHeader(meta: DataMeta | null): boolean {
  if (meta === null || meta.location !== Location.HEADER) return false;
  const lower = meta.key.toLowerCase();
  return URL_HEADERS.has(lower) || lower === PROTOCOL_HEADER;
}

/** `authorization.bearer.…`: a token behind its name. */
function isNamedToken(protocol: string): boolean {
  const dot = protocol.indexOf('.');
  return dot > 0 && dot < protocol.length - 1 && isSecretName(protocol.slice(0, dot));
}

function isSealed({ values }: Fields): boolean {
  for (let i = 0; i < values.length; i += 1) if (values[i]!.kind !== DataKind.SEALED) return false;
  return true;
}

/** Lists of pairs, as in `{"name": "password", "value": "…"}`. */
function isNamedBeside(struct: Data, value: string): boolean {
  const { keys, values } = struct.value as Fields;
  for (let i = 0; i < keys.length; i += 1) {
    const name = values[i]!.value;
    if (typeof name === 'string' && verdictOn(keys[i]!).isNaming && namesSecret(name, value)) return true;
  }
  return false;
}
