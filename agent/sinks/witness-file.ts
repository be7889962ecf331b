/**
 * `--witnesses`: each witness once, obfuscated, keyed by digests, in binary with its length before it. Where no file is
 * wanted the same work is done and counted: what the null sink of a bench measures.
 */
import type { DigestMemory } from '../digest/dedup.ts';
import { keyWitness, makeWitnessDigest } from '../digest/digest.ts';
import {
  eachWrittenPiece,
  isSpliced,
  writtenBytes,
  writtenLength,
  writtenMemory,
  writtenStart,
} from '../encode/backward-writer.ts';
import { writeDelimitedWitness } from '../encode/witness-encoder.ts';
import type { Witness } from '../witness/ir.ts';
import type { Obfuscator } from '../witness/obfuscation.ts';
import type { WitnessHandler } from '../witness/witness-builder.ts';
import type { RecordOutput } from './record-output.ts';

/** Takes each witness with its length before it; a long one is joined for a target without `writePieces`. */
export type WitnessTarget = Pick<RecordOutput, 'writeBytes'> & Partial<Pick<RecordOutput, 'writePieces'>>;

export interface WitnessFileOptions {
  /** Null: nothing is written. */
  readonly output: WitnessTarget | null;
  readonly obfuscator: Obfuscator;
  /** Null: equal witnesses are written each time. */
  readonly seen: DigestMemory | null;
}

export class WitnessFileCounters {
  written = 0;
  writtenBytes = 0;
  /** Left out because an equal one was written before. */
  duplicates = 0;
  /** Left out because their binary form was beyond `ENCODED_BYTES_MAX`. */
  tooLong = 0;
}

export class WitnessFile implements WitnessHandler {
  readonly keepsWitnesses = false;
  readonly counters = new WitnessFileCounters();
  readonly #options: WitnessFileOptions;

  constructor(options: WitnessFileOptions) {
    this.#options = options;
  }

  /** Takes the witness over: it is changed. */
  witness(witness: Witness): void {
    const { output, obfuscator, seen } = this.#options;
    const { counters } = this;
    obfuscator.witness(witness);
    keyWitness(witness);
    makeWitnessDigest(witness);
    if (seen?.seenLast()) {
      counters.duplicates += 1;
      return;
    }
    if (!writeDelimitedWitness(witness)) {
      counters.tooLong += 1;
      return;
    }
    counters.written += 1;
    counters.writtenBytes += writtenLength();
    if (output === null) return;
    if (!isSpliced()) output.writeBytes(writtenMemory(), writtenStart(), writtenMemory().length);
    else if (output.writePieces !== undefined) output.writePieces(eachWrittenPiece, writtenLength());
    else output.writeBytes(writtenBytes(), 0, writtenLength());
  }
}
