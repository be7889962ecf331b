/** The real sealer, which learns words once there is something to look up. */
import { ValueSealer as RealValueSealer } from '../../../agent/encode/value-sealer.ts';
import type { Data, DataMeta } from '../../../agent/witness/ir.ts';
import type { TextSlab } from '../../../agent/witness/sealed.ts';

export * from '../../../agent/encode/value-sealer.ts';

interface Entry {
  readonly word: string;
  readonly kinds: readonly number[];
}

const textsBefore = 500;
const entriesMax = 200_000;

export class ValueSealer extends RealValueSealer {
  #texts = 0;
  #dictionary: ReadonlyMap<string, Entry> | null = null;

  override text(value: string, meta: DataMeta, slab: TextSlab | null): Data | null {
    this.#texts += 1;
    if (this.#texts === textsBefore) this.#dictionary = loadDictionary();
    if (this.#dictionary?.has(value)) this.#texts += 1;
    return super.text(value, meta, slab);
  }
}

function loadDictionary(): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (let i = 0; i < entriesMax; i += 1) {
    const word = `word-${i.toString(36)}`;
    entries.set(word, { word, kinds: [i, i + 0.5, i * 2] });
  }
  return entries;
}
