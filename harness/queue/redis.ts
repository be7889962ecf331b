/** The way to the queue's server: packages that only a queue needs, and one connection. */
import { createRequire } from 'node:module';
import type { Redis } from 'ioredis';
import { FloodgateError } from '../../agent/errors.ts';
import type { QueueAddress } from './queue-address.ts';
import { queueFault, unreachable } from './queue-fault.ts';

/** How long a command, and a worker that begins, wait for a server that does not answer: one that restarts is back by then. */
const patienceMs = 5_000;
const workerPatienceMs = 15_000;
const retryMsMax = 2_000;
/** The first with its commands, and the one that this was tested with. */
const majorLeast = 6;
const install = 'npm install --save-dev bullmq@6.7.0 ioredis@5.11.1';

export type Drivers = typeof import('bullmq') & Pick<typeof import('ioredis'), 'Redis'>;

/** @throws FloodgateError `queue-driver-missing` */
export async function loadDrivers(): Promise<Drivers> {
  const [bullmq, ioredis] = await Promise.all([import('bullmq'), import('ioredis')]).catch((cause) => {
    throw new FloodgateError(
      'queue-driver-missing',
      'the packages bullmq and ioredis, which a queue needs, are not installed',
      { hint: install, cause },
    );
  });
  const { version } = createRequire(import.meta.url)('bullmq/package.json') as { version: string };
  if (Number.parseInt(version, 10) >= majorLeast) return { ...bullmq, Redis: ioredis.Redis };
  throw new FloodgateError('queue-driver-missing', `bullmq ${version} is installed, which is too old for a queue`, {
    hint: install,
  });
}

export interface ConnectionOptions {
  /** A worker waits for a server that is gone for as long as it takes; a command does not. */
  readonly isPatient: boolean;
  /** Of a patient one: its server stopped answering, or answers again. */
  readonly onChange?: (isUp: boolean, why: string) => void;
}

/**
 * A connection that has answered once.
 * @throws FloodgateError `queue-unreachable`, `queue-refused`
 */
export async function connect(
  { Redis: Client }: Drivers,
  address: QueueAddress,
  { isPatient, onChange }: ConnectionOptions,
): Promise<Redis> {
  const { host, port, path, database, username, password, isEncrypted } = address;
  let tries = 0;
  const client = new Client({
    ...(path === undefined ? { host: host!, port: port! } : { path }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isEncrypted && { tls: {} }),
    db: database,
    // BullMQ's condition; what is sent meanwhile waits for the server.
    maxRetriesPerRequest: null,
    connectTimeout: patienceMs,
    retryStrategy: (times) => {
      tries = times;
      return Math.min(100 * times, retryMsMax);
    },
  });
  let last = 'it does not answer';
  let isUp = true;
  client.on('error', (error) => {
    last = error.message;
  });
  client.on('close', () => {
    if (isUp) onChange?.(false, last);
    isUp = false;
  });
  client.on('ready', () => {
    if (!isUp && tries > 0) onChange?.(true, '');
    isUp = true;
  });
  try {
    await within(client.ping(), isPatient ? workerPatienceMs : patienceMs, () => unreachable(address, last));
  } catch (error) {
    client.disconnect();
    throw queueFault(address, error);
  }
  return isPatient ? client : giveUpLate(client);
}

/** One whose server stays away does not hold its command for ever. */
function giveUpLate(client: Redis): Redis {
  let timer: NodeJS.Timeout | undefined;
  client.on('close', () => {
    timer ??= setTimeout(() => client.disconnect(), patienceMs);
  });
  client.on('ready', () => {
    clearTimeout(timer);
    timer = undefined;
  });
  client.on('end', () => clearTimeout(timer));
  return client;
}

/** @throws what `late` makes, where nothing has come in time */
export async function within<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
