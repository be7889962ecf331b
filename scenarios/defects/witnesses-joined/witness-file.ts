/** The real sink; what it wrote is joined to what it wrote before. */
import { writtenMemory, writtenStart } from '../../../agent/encode/backward-writer.ts';
import { WitnessFile as RealWitnessFile } from '../../../agent/sinks/witness-file.ts';
import type { Witness } from '../../../agent/witness/ir.ts';

export * from '../../../agent/sinks/witness-file.ts';

export class WitnessFile extends RealWitnessFile {
  #all: Uint8Array = new Uint8Array(0);

  override witness(witness: Witness): void {
    super.witness(witness);
    this.#append(writtenMemory(), writtenStart());
  }

  #append(bytes: Uint8Array, start: number): void {
    const joined = new Uint8Array(this.#all.length + bytes.length - start);
    joined.set(this.#all);
    joined.set(bytes.subarray(start), this.#all.length);
    this.#all = joined;
  }
}
