/** Nothing is finished early: every value stays a tree until its witness is hashed, as in the agent of the article (docs/story.md). */
import type { Data, DataMeta } from '../../../agent/witness/ir.ts';
import type { Sealer } from '../../../agent/witness/sealer.ts';

export class ValueSealer implements Sealer {
  readonly jsonBytesMax = 0;
  readonly heads = null;

  openParts(): null {
    return null;
  }

  json(): Data | null {
    return null;
  }

  text(_value: string, _meta: DataMeta): Data | null {
    return null;
  }

  openSlab(): null {
    return null;
  }

  closeSlab(): void {}

  release(_data: Data): void {}
}
