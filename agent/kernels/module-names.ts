/**
 * The names in a built module (custom section `name`, subsection of functions) as profilers should show them. Run by
 * `npm run generate`. Source: WebAssembly core specification 2.0, sections 5.2.2 (LEB128), 5.5.3 and appendix "Name Section".
 */
import assert from 'node:assert/strict';

const CUSTOM_SECTION = 0;
const FUNCTION_NAMES = 1;
const HEADER_BYTES = 8;

/** The same module with every function under another name; names of other things are left out. */
export function renameFunctions(module: Uint8Array, rename: (name: string) => string): Uint8Array {
  const parts: Uint8Array[] = [module.subarray(0, HEADER_BYTES)];
  for (const reader = new Reader(module, HEADER_BYTES); !reader.atEnd; ) {
    const start = reader.at;
    const id = reader.byte();
    const content = reader.sub(reader.unsigned());
    if (id !== CUSTOM_SECTION || content.text() !== 'name') parts.push(module.subarray(start, reader.at));
    else parts.push(section(CUSTOM_SECTION, [...sized(Buffer.from('name')), ...renamed(content, rename)]));
  }
  return Buffer.concat(parts);
}

function renamed(content: Reader, rename: (name: string) => string): number[] {
  while (!content.atEnd) {
    const id = content.byte();
    const names = content.sub(content.unsigned());
    if (id !== FUNCTION_NAMES) continue;
    const count = names.unsigned();
    const out = unsigned(count);
    for (let i = 0; i < count; i += 1)
      out.push(...unsigned(names.unsigned()), ...sized(Buffer.from(rename(names.text()))));
    return [...section(FUNCTION_NAMES, out)];
  }
  assert.fail('a module without names of functions');
}

class Reader {
  readonly #bytes: Uint8Array;
  at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, at: number, end = bytes.length) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.at >= this.#end;
  }

  byte(): number {
    assert(this.at < this.#end, 'the module ends early');
    return this.#bytes[this.at++]!;
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  text(): string {
    const length = this.unsigned();
    this.at += length;
    return Buffer.from(this.#bytes.subarray(this.at - length, this.at)).toString();
  }

  /** The next bytes, read by another reader; this one goes on behind them. */
  sub(length: number): Reader {
    this.at += length;
    return new Reader(this.#bytes, this.at - length, this.at);
  }
}

function unsigned(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...out, rest];
    out.push((rest & 127) | 128);
  }
}

const sized = (bytes: Uint8Array): number[] => [...unsigned(bytes.length), ...bytes];
const section = (id: number, content: readonly number[]): Uint8Array =>
  Uint8Array.from([id, ...unsigned(content.length), ...content]);
