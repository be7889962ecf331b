/**
 * Witnesses for people: a file of witnesses (each with its length before it) or one bare witness, as JSON lines with
 * their digests. Pure: bytes come in as they are read, lines go out; one witness is held at a time.
 */
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { dataDigest, witnessDigest } from '../digest/digest.ts';
import { FloodgateError } from '../errors.ts';
import type { Fields, Method } from '../witness/ir.ts';
import { ENCODED_BYTES_MAX } from './backward-writer.ts';
import { WitnessSchema } from './gen/witness_pb.ts';
import { READ_OPTIONS, witnessFromMessage } from './witness-decoder.ts';

/** `Witness.method`, field 1, length-delimited: how a bare witness begins. */
const METHOD_TAG = 0x0a;
/** A length of 5 bytes is 32 GiB. */
const LENGTH_BYTES_MAX = 5;

/** Reads one file. `push` its bytes in order, then `end`. */
export class WitnessInspector {
  readonly #totalBytes: number;
  readonly #line: (json: string) => void;
  /** What has not been used yet, never more than one witness and one push. */
  #held: Buffer = Buffer.alloc(0);
  #offset = 0;
  #isBare: boolean | undefined;
  /** Witnesses printed so far. */
  count = 0;

  /**
   * @param totalBytes size of the file, which distinguishes a bare witness from a list
   * @param line receives each witness as one line of JSON, without the line's end
   */
  constructor(totalBytes: number, line: (json: string) => void) {
    this.#totalBytes = totalBytes;
    this.#line = line;
  }

  /** Takes bytes, which are copied where needed. @throws FloodgateError `not-witnesses` where they are something else. */
  push(bytes: Uint8Array): void {
    const wanted = this.#held.length === 0 ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : undefined;
    this.#held = wanted ?? Buffer.concat([this.#held, bytes]);
    this.#isBare ??= this.#looksBare();
    if (this.#isBare === undefined) {
      this.#held = Buffer.from(this.#held);
      return;
    }
    let at = 0;
    for (;;) {
      const next = this.#isBare ? this.#bare(at) : this.#delimited(at);
      if (next === at) break;
      at = next;
    }
    this.#offset += at;
    // The rest is copied, for the pushed bytes are the caller's.
    this.#held = Buffer.from(this.#held.subarray(at));
  }

  /** @returns bytes after the last whole witness: an agent was killed while it wrote. */
  end(): number {
    return this.#held.length;
  }

  /** Undefined while too little is known. */
  #looksBare(): boolean | undefined {
    const { length } = this.#held;
    if (length === 0) return undefined;
    if (this.#held[0] !== METHOD_TAG) return false;
    const size = readLength(this.#held, 1);
    if (size === undefined) return length > LENGTH_BYTES_MAX ? false : undefined;
    return size.end + size.value === this.#totalBytes;
  }

  #bare(at: number): number {
    if (at > 0 || this.#held.length < this.#totalBytes) {
      if (this.#totalBytes > ENCODED_BYTES_MAX) throw this.#notWitnesses('a witness beyond the limit');
      return at;
    }
    this.#print(this.#held);
    return this.#held.length;
  }

  /** One witness at the place, or the place itself while it is not whole. */
  #delimited(at: number): number {
    const size = readLength(this.#held, at);
    if (size === undefined) {
      if (this.#held.length - at > LENGTH_BYTES_MAX) throw this.#notWitnesses('no length');
      return at;
    }
    // Every witness has a method: a run of these is what a power failure leaves.
    if (size.value === 0) throw this.#notWitnesses('a witness of no bytes');
    if (size.value > ENCODED_BYTES_MAX) throw this.#notWitnesses(`a length of ${size.value} bytes`);
    const end = size.end + size.value;
    if (end > this.#held.length) return at;
    this.#print(this.#held.subarray(size.end, end));
    return end;
  }

  #print(bytes: Buffer): void {
    let message: ReturnType<typeof fromBinary<typeof WitnessSchema>>;
    try {
      message = fromBinary(WitnessSchema, bytes, READ_OPTIONS);
    } catch (cause) {
      throw this.#notWitnesses('bytes that are no witness', cause);
    }
    const witness = witnessFromMessage(message);
    const keys = matchingKeys(witness.method);
    this.count += 1;
    this.#line(JSON.stringify({ digest: witnessDigest(witness), keys, witness: toJson(WitnessSchema, message) }));
  }

  #notWitnesses(what: string, cause?: unknown): FloodgateError {
    const message = `not a witnesses file: ${what} after witness ${this.count}, at or behind byte ${this.#offset}`;
    const hint = 'Give a file written by --witnesses, or one witness in binary protobuf.';
    return new FloodgateError('not-witnesses', message, { hint, cause });
  }
}

function readLength(bytes: Buffer, at: number): { value: number; end: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let i = at; i < bytes.length && i < at + LENGTH_BYTES_MAX; i += 1, scale *= 128) {
    value += (bytes[i]! & 0x7f) * scale;
    if (bytes[i]! < 0x80) return { value, end: i + 1 };
  }
  return undefined;
}

/** How many keys are the digest of their value. */
function matchingKeys(method: Method | null): string {
  if (method === null) return '0/0';
  const matching = (map: Fields): number => map.values.filter((value, i) => dataDigest(value) === map.keys[i]).length;
  return `${matching(method.args) + matching(method.responses)}/${method.args.size + method.responses.size}`;
}
