/** What a worker is started with, and how it ends. */
import type { Redis } from 'ioredis';
import type { FloodgateError } from '../../agent/errors.ts';
import type { QueueStore } from './queue-store.ts';
import type { Drivers } from './redis.ts';

export interface WorkerOrder {
  readonly drivers: Drivers;
  readonly client: Redis;
  readonly store: QueueStore;
  /** Class of machines whose cells it takes. */
  readonly machines: string;
  readonly id: string;
  readonly host: string;
  readonly folder: string;
  readonly config: string | undefined;
  /** Batches are folders below it. */
  readonly out: string;
  /** How long it may be silent before its cell is given to another. */
  readonly lostAfterMs: number;
  /** Ends when nothing waits and nothing runs. */
  readonly isUntilEmpty: boolean;
  /** Ends it: the cell goes back into the queue. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Why it ended. */
export type WorkerEnd =
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'empty' }
  /** This machine has something else checked out, or cannot measure. */
  | { readonly kind: 'unfit'; readonly error: FloodgateError };
