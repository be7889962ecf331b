/** The strings of a heap snapshot: their beginnings as the bytes of their JSON, decoded when someone asks. */
import { ProfileError } from '../profile.ts';
import { STRING_BYTES_MAX } from './heap-snapshot.ts';

const STRINGS_MAX = 100_000_000;
/** A string lies in one block. Blocks are never copied or freed: what grows by doubling is three times its size for a while. */
const BLOCK_BYTES = 1 << 20;
/** All kept beginnings of strings together: 1 GB. */
const BLOCKS_MAX = 1_024;

/** Filled once, from the first string to the last. */
export class StringTable {
  /** Where the bytes of the string at hand go, from `length` on; there is room for `STRING_BYTES_MAX`. */
  block = new Uint8Array(BLOCK_BYTES);
  length = 0;
  count = 0;
  readonly #blocks = [this.block];
  /** Over all blocks, one behind the other. */
  #ends = new Uint32Array(1 << 16);
  #begin = 0;

  /** Before the bytes of a string. @throws ProfileError when there are more than a heap has */
  begin(): void {
    if (this.length + STRING_BYTES_MAX > BLOCK_BYTES) {
      if (this.#blocks.length === BLOCKS_MAX) throw new ProfileError('the strings of the heap snapshot are over 1 GB');
      this.block = new Uint8Array(BLOCK_BYTES);
      this.#blocks.push(this.block);
      this.length = 0;
    }
    this.#begin = this.length;
  }

  /** Bytes kept of the string at hand. */
  get kept(): number {
    return this.length - this.#begin;
  }

  /** Behind the bytes of a string. @throws ProfileError when there are more than a heap has */
  end(): void {
    if (this.count >= STRINGS_MAX) throw new ProfileError('more strings than a heap has');
    if (this.count === this.#ends.length) {
      const grown = new Uint32Array(this.#ends.length * 2);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.#ends[this.count] = (this.#blocks.length - 1) * BLOCK_BYTES + this.length;
    this.count += 1;
  }

  /** Empty for an index that does not exist. */
  text(index: number): string {
    if (index >= this.count) return '';
    const end = this.#ends[index]!;
    const before = index > 0 ? this.#ends[index - 1]! : 0;
    if (end === before) return '';
    // The first of a block does not begin where the one before ended.
    const block = Math.floor((end - 1) / BLOCK_BYTES);
    const start = Math.max(before, block * BLOCK_BYTES);
    return decodeText(this.#blocks[block]!.subarray(start - block * BLOCK_BYTES, end - block * BLOCK_BYTES));
  }
}

/** JSON string bytes as text; a string that was cut in the middle of an escape loses that escape. */
function decodeText(bytes: Uint8Array): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const whole = raw.replace(/\\(u[0-9a-fA-F]{0,3})?$/, (match, _u, index: number) =>
    isEscaped(raw, index) ? match : '',
  );
  try {
    return JSON.parse(`"${whole}"`) as string;
  } catch {
    return raw;
  }
}

/** Whether the backslash at an index is itself escaped. */
function isEscaped(text: string, index: number): boolean {
  let slashes = 0;
  for (let i = index - 1; i >= 0 && text[i] === '\\'; i -= 1) slashes += 1;
  return slashes % 2 === 1;
}
