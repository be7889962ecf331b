/** BullMQ's queue of a class of machines. */
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { CellOrder } from './batch.ts';
import type { Drivers } from './redis.ts';

export const queuePrefix = 'floodgate:queue';
/** What BullMQ keeps of what happened: nobody reads more than the last. */
const eventsMax = 1_000;

export function openQueue({ Queue: Opened }: Drivers, client: Redis, machines: string): Queue<CellOrder> {
  const queue = new Opened<CellOrder>(machines, {
    connection: client,
    prefix: queuePrefix,
    skipVersionCheck: true,
    streams: { events: { maxLen: eventsMax } },
  });
  // Whoever asks it gets the error as well.
  queue.on('error', () => undefined);
  return queue;
}

/** Closed when the action is over, however it ends. */
export async function usingQueue<T>(
  { drivers, client }: { readonly drivers: Drivers; readonly client: Redis },
  machines: string,
  action: (queue: Queue<CellOrder>) => Promise<T>,
): Promise<T> {
  const queue = openQueue(drivers, client, machines);
  try {
    return await action(queue);
  } finally {
    await queue.close();
  }
}
