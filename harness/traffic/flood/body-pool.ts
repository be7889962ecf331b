/** Bodies of a kind of exchange: made once, drawn again and again, so that a flood of gigabytes takes megabytes. */
import { createHash } from 'node:crypto';
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Random } from '../../../agent/seeded-random.ts';
import { bytesRange, drawSize } from './amounts.ts';
import { contentOf } from './contents.ts';
import type { Body, Coding } from './plan-types.ts';

/** A body as it is sent, and what it says. */
export interface MadeBody {
  readonly type: string;
  readonly coding: readonly string[];
  readonly framing: 'length' | 'chunked' | 'close';
  /** Coded; not yet in chunks. */
  readonly bytes: Uint8Array;
  /** Before any coding. */
  readonly plainBytes: number;
  /** SHA-256 of it then, in hexadecimal digits. */
  readonly sha256: string;
}

const bodiesMax = 24;
/** Of the bodies of one kind, before and after coding. */
const poolBytesMax = 32_000_000;

const coders: Readonly<Record<Coding, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  // The default quality of 11 takes seconds for a megabyte.
  br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  zstd: (bytes) => zstdCompressSync(bytes),
};

export class BodyPool {
  readonly #bodies: MadeBody[] = [];

  constructor(body: Body, random: Random) {
    const sizes = bytesRange(body.bytes);
    for (let bytes = 0; this.#bodies.length < bodiesMax && (bytes < poolBytesMax || this.#bodies.length === 0); ) {
      const made = make(body, drawSize(random, sizes), random);
      bytes += made.plainBytes + made.bytes.length;
      this.#bodies.push(made);
      // All of one size and nothing random in them: one is enough.
      if (body.type === 'repeated' && sizes[0] === sizes[1]) break;
    }
  }

  draw(random: Random): MadeBody {
    return this.#bodies[random.below(this.#bodies.length)]!;
  }
}

function make(body: Body, size: number, random: Random): MadeBody {
  const { coding = [], framing = 'length' } = body;
  const { bytes, type } = contentOf(body, size, random);
  return {
    type,
    coding,
    framing,
    bytes: coding.reduce((coded, name) => coders[name](coded), bytes),
    plainBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}
