/** The real batches; what each was made of is kept. */
import { type Batch, sealBatch as seal } from '../../../agent/sinks/batch.ts';

export * from '../../../agent/sinks/batch.ts';

const unsent = new Map<string, Uint8Array>();

export function sealBatch(...given: Parameters<typeof seal>): Batch {
  const batch = seal(...given);
  keepForRetry(batch.identity, given[0]);
  return batch;
}

function keepForRetry(identity: string, bytes: Uint8Array): void {
  unsent.set(identity, Uint8Array.from(bytes));
}
