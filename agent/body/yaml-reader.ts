/**
 * YAML bodies. The grammar cannot be read forwards: a bounded beginning is held and handed to the library, token by token, so
 * that what is nested deeper than is reported stops it there: its time for nested keys grows with more than the square of their depth.
 * The library's nodes are walked here, for its own way of making values writes every key that is a list or a map as text.
 */
import { createRequire } from 'node:module';
import type { Node, ParsedNode, YAMLMap, YAMLSeq } from 'yaml';
import type { BodyHandler } from './body-handler.ts';
import type { BodyLimits } from './body-limits.ts';
import type { BodyBuffers } from './json-document.ts';
import { KeptBytes } from './kept-bytes.ts';

/** Loaded when the first YAML comes: most agents never see one. */
let yaml: typeof import('yaml') | undefined;
/** Aliases expanded in one body, and the values they stand for: beyond them the "billion laughs". */
const aliasesMax = 100;
const aliasValuesMax = 10_000;
/** Tokens inside one another at one level of nesting. */
const tokensPerLevel = 2;

/** Ends the walk: what was emitted stands. */
/** A private key (RFC 7468) over lines that are not indented as YAML wants it. */
const privateKey = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/;
class BrokenPrivateKey extends Error {}

class TooManyAliases extends Error {}

export class YamlReader {
  readonly #limits: BodyLimits;
  readonly #handler: BodyHandler;
  readonly #kept: KeptBytes;
  #cut = false;
  #values = 0;
  #aliases = 0;
  /** Values emitted for aliases; counted while one is open. */
  #aliasValues = 0;
  #openAliases = 0;
  readonly #anchors = new Map<string, Node>();

  constructor(limits: BodyLimits, buffers: BodyBuffers, handler: BodyHandler) {
    this.#kept = new KeptBytes(limits.yamlBytesMax, buffers);
    this.#limits = limits;
    this.#handler = handler;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#cut && !this.#kept.append(bytes, start, end)) this.#cut = true;
  }

  /** @returns whether the body was YAML to its end, and nothing was left out. */
  finish(): boolean {
    yaml ??= createRequire(import.meta.url)('yaml') as typeof import('yaml');
    const text = Buffer.prototype.utf8Slice.call(this.#kept.view(), 0, this.#kept.length);
    this.#kept.release();
    // Cut within a line: that line is left out.
    const source = this.#cut ? text.slice(0, text.lastIndexOf('\n') + 1) : text;
    try {
      const whole = this.#read(source, yaml);
      if (whole !== null) return whole && !this.#cut;
    } catch {
      // A fault of the library's, or too many aliases: what was emitted stands.
    }
    if (this.#values === 0) this.#handler.text(source.slice(0, this.#limits.sampleBytesMax), true);
    return false;
  }

  /** @returns null when it is nested too deep to be emitted */
  #read(source: string, { Composer, Lexer, Parser }: typeof import('yaml')): boolean | null {
    const parser = new Parser();
    // Messages with an excerpt would be made for every fault, and are not read.
    const composer = new Composer({ logLevel: 'silent', intAsBigInt: true, uniqueKeys: false, prettyErrors: false });
    let whole = true;
    const emit = (documents: Iterable<{ contents: Node | null; errors: readonly unknown[] }>): void => {
      for (const { contents, errors } of documents) {
        if (errors.length > 0) whole = false;
        // Its lines would become keys and values of their own.
        if (errors.length > 0 && privateKey.test(source)) throw new BrokenPrivateKey();
        this.#anchors.clear();
        this.#node(contents, 1);
        this.#handler.endDocument();
      }
    };
    for (const lexeme of new Lexer().lex(source)) {
      for (const token of parser.next(lexeme)) emit(composer.next(token));
      if (parser.stack.length > this.#limits.depthMax * tokensPerLevel) return null;
    }
    for (const token of parser.end()) emit(composer.next(token));
    emit(composer.end());
    return whole;
  }

  #node(node: Node | ParsedNode | null | undefined, depth: number): void {
    const { isAlias, isMap, isScalar, isSeq } = yaml!;
    if (this.#openAliases > 0 && ++this.#aliasValues > aliasValuesMax) throw new TooManyAliases();
    if (isAlias(node)) {
      this.#alias(node.source, depth);
      return;
    }
    this.#values += 1;
    if (node === null || node === undefined) {
      this.#handler.null();
      return;
    }
    const { anchor } = node as { anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    if (isScalar(node)) this.#scalar(node.value);
    else if (depth > this.#limits.depthMax) this.#handler.skipped();
    else if (isSeq(node)) this.#list(node, depth);
    else if (isMap(node)) this.#map(node, depth);
    else this.#handler.skipped();
  }

  #alias(name: string, depth: number): void {
    const node = this.#anchors.get(name);
    this.#aliases += 1;
    if (node === undefined || this.#aliases > aliasesMax) throw new TooManyAliases();
    this.#openAliases += 1;
    this.#node(node, depth);
    this.#openAliases -= 1;
  }

  #list(list: YAMLSeq, depth: number): void {
    this.#handler.beginArray();
    for (const item of list.items) {
      // In flow lists a pair may stand for a map of one member.
      if (yaml!.isPair(item)) {
        this.#handler.beginObject();
        this.#member(item.key, item.value, depth + 1);
        this.#handler.endObject();
      } else this.#node(item as Node | null, depth + 1);
    }
    this.#handler.endArray();
  }

  #map(map: YAMLMap, depth: number): void {
    this.#handler.beginObject();
    for (const { key, value } of map.items) this.#member(key, value, depth);
    this.#handler.endObject();
  }

  #member(key: unknown, value: unknown, depth: number): void {
    this.#handler.key(this.#name(key));
    this.#node(value as Node | null, depth + 1);
  }

  /** A scalar's text; keys of other kinds have none that is worth its making. */
  #name(key: unknown): string {
    const { isAlias, isScalar } = yaml!;
    const node = isAlias(key) ? this.#anchors.get(key.source) : key;
    if (!isScalar(node)) return node === null || node === undefined ? '' : '?';
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    return node.value === null || node.value === undefined ? '' : String(node.value);
  }

  #scalar(value: unknown): void {
    const handler = this.#handler;
    if (value === null || value === undefined) handler.null();
    else if (typeof value === 'string') handler.string(value, false);
    else if (typeof value === 'boolean') handler.boolean(value);
    else if (typeof value === 'number') handler.double(value);
    else if (typeof value === 'bigint') this.#integer(value);
    else handler.string(value instanceof Date ? value.toISOString() : String(value), false);
  }

  #integer(value: bigint): void {
    const rounded = Number(value);
    if (Number.isSafeInteger(rounded)) this.#handler.integer(rounded);
    else if (value >= -(1n << 63n) && value < 1n << 64n) this.#handler.bigInteger(value);
    else this.#handler.double(rounded);
  }
}
