/** The real sealer; what it is given is kept by its place. */
import { ValueSealer as RealValueSealer } from '../../../agent/encode/value-sealer.ts';
import type { Data, DataMeta } from '../../../agent/witness/ir.ts';
import type { TextSlab } from '../../../agent/witness/sealed.ts';

export * from '../../../agent/encode/value-sealer.ts';

interface Example {
  readonly value: string;
  readonly words: readonly string[];
  readonly isNumber: boolean;
}

export class ValueSealer extends RealValueSealer {
  readonly #examples = new Map<DataMeta, Example[]>();

  override text(value: string, meta: DataMeta, slab: TextSlab | null): Data | null {
    this.#keepExample(value, meta);
    return super.text(value, meta, slab);
  }

  #keepExample(value: string, meta: DataMeta): void {
    const words = value.split(/[^A-Za-z0-9]/);
    const example = { value, words, isNumber: words.every((word) => /^\d+$/.test(word)) };
    const known = this.#examples.get(meta);
    if (known === undefined) this.#examples.set(meta, [example]);
    else known.push(example);
  }
}
