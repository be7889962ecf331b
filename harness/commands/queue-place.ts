/** The queue as commands use it: its address, and what is opened there. */
import type { Redis } from 'ioredis';
import { FloodgateError } from '../../agent/errors.ts';
import { findConfigFile, loadProject, type Project } from '../project/find-config.ts';
import { parseQueueAddress, type QueueAddress, queueVariable, shownQueue } from '../queue/queue-address.ts';
import { queueFault } from '../queue/queue-fault.ts';
import { QueueStore } from '../queue/queue-store.ts';
import { connect, type Drivers, loadDrivers } from '../queue/redis.ts';

export interface QueuePlace {
  readonly address: QueueAddress;
  /** As it may be printed. */
  readonly shown: string;
  /** Class of machines that the configuration names. */
  readonly machines: string | undefined;
  readonly project: Project | undefined;
}

export interface OpenedQueue extends QueuePlace {
  readonly drivers: Drivers;
  readonly client: Redis;
  readonly store: QueueStore;
}

/** @throws FloodgateError `queue-none` where nothing names one, `queue-invalid` */
export async function queuePlace(config: string | undefined): Promise<QueuePlace> {
  // No target and no build that a command starts shall see an address with a password.
  const given = process.env[queueVariable];
  delete process.env[queueVariable];
  const hasProject = config !== undefined || findConfigFile(process.cwd()) !== undefined;
  const project = hasProject ? await loadProject(process.cwd(), config) : undefined;
  const queue = project?.config.queue;
  const configured = typeof queue === 'string' ? { at: queue } : queue;
  const text = given || configured?.at;
  if (text === undefined) {
    throw new FloodgateError('queue-none', 'it is not known where the queue is', {
      hint: `Say ${queueVariable}=redis://HOST, or queue: 'redis://HOST' in floodgate.config.*.`,
    });
  }
  const address = parseQueueAddress(text);
  return { address, shown: shownQueue(address), machines: configured?.class, project };
}

/**
 * Opens the queue for as long as the action takes.
 * @param isPatient waits for a server that goes away meanwhile
 * @throws FloodgateError `queue-…`
 */
export async function withQueue<T>(
  config: string | undefined,
  action: (queue: OpenedQueue) => Promise<T>,
  isPatient = false,
): Promise<T> {
  const place = await queuePlace(config);
  const drivers = await loadDrivers();
  const client = await connect(drivers, place.address, { isPatient });
  try {
    return await action({ ...place, drivers, client, store: new QueueStore(client) });
  } catch (error) {
    throw queueFault(place.address, error);
  } finally {
    client.disconnect();
  }
}
