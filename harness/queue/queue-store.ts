/**
 * What a queue holds beside BullMQ's jobs: batches, results by cell, and who works. A result is stored once: the first one counts, however
 * often a cell was measured. Keys begin with `floodgate:`; those of BullMQ with `floodgate:queue:`.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Redis } from 'ioredis';
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import { type Batch, batchIdPattern, parseBatch, parseForeign } from './batch.ts';

/** Of a report, compressed: one of an hour with all its series has 4 MB. */
const resultBytesMax = 32 << 20;
/** Of a batch: a thousand cells of 500 KB. */
export const batchBytesMax = 512 << 20;
/** What one may unpack to: V8's longest string. */
const reportBytesMax = 512 << 20;
/** Batches that are kept. */
export const batchesMax = 100;
const keptDays = 30;
const dayMs = 86_400_000;
/** How long a worker counts as there after it was heard of. */
const heardMs = 30_000;
/** What a queue has of workers: more than anybody has machines. */
const workersMax = 1_000;

/** One at a time, in the server: what is there stays. */
const storeScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then
  if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[3] then redis.call('HINCRBY', KEYS[1], 'surplus', 1) end
  return 'there'
end
if tonumber(redis.call('HGET', KEYS[1], 'bytes') or '0') + #ARGV[2] > tonumber(ARGV[4]) then return 'full' end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
redis.call('HINCRBY', KEYS[1], 'bytes', #ARGV[2])
return 'stored'`;

/** What is said of a batch that was removed meanwhile would never go. */
const countScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBY', KEYS[1], ARGV[1], 1) end`;
const cancelScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'cancelled', '1') end`;

const provenanceSchema = v.object({
  /** The worker. */
  by: v.string(),
  /** When its run began. */
  startedAt: v.string(),
  headline: v.string(),
  exitCode: v.number(),
  sha256: v.string(),
});

export type Provenance = v.InferOutput<typeof provenanceSchema>;

const workerSchema = v.object({
  id: v.string(),
  machines: v.string(),
  host: v.string(),
  pid: v.number(),
  /** What it measures; null: nothing. */
  cell: v.nullable(v.string()),
  batch: v.nullable(v.string()),
});

export type WorkerInfo = v.InferOutput<typeof workerSchema>;

/** What happened to a batch besides its results. */
export type Happening = 'started' | 'killed' | 'returned';

export class QueueStore {
  readonly #client: Redis;

  constructor(client: Redis) {
    this.#client = client;
  }

  async addBatch(batch: Batch): Promise<void> {
    await this.#client
      .multi()
      .hset(batchKey(batch.id), 'json', JSON.stringify(batch))
      .zadd(batchIdsKey, Date.parse(batch.at), batch.id)
      .exec();
  }

  /** The latest first; `batch` is undefined for one of another version of floodgate. */
  async batches(): Promise<{ id: string; batch: Batch | undefined }[]> {
    const ids = await this.#client.zrevrange(batchIdsKey, 0, -1);
    return Promise.all(ids.map(async (id) => ({ id, batch: await this.batch(id).catch(unreadable) })));
  }

  async batch(id: string): Promise<Batch | undefined> {
    const json = await this.#client.hget(batchKey(id), 'json');
    return json === null ? undefined : parseBatch(json);
  }

  /** @param given the first digits of its identity; undefined: the latest. @throws FloodgateError `batch-missing` */
  async find(given: string | undefined): Promise<Batch> {
    const id = await this.idOf(given);
    const batch = await this.batch(id);
    if (batch !== undefined) return batch;
    throw new FloodgateError('batch-missing', `batch ${id} was removed`, {
      hint: 'floodgate queue lists what there is.',
    });
  }

  /** @throws FloodgateError `batch-missing` where there is none, or more than one */
  async idOf(given: string | undefined): Promise<string> {
    const ids = await this.#client.zrevrange(batchIdsKey, 0, -1);
    const matching = given === undefined ? ids.slice(0, 1) : ids.filter((id) => id.startsWith(given));
    if (matching.length === 1) return matching[0]!;
    const why =
      given === undefined
        ? 'there is no batch'
        : matching.length > 1
          ? `"${given}" begins ${matching.length} batches`
          : `there is no batch "${given}"`;
    throw new FloodgateError('batch-missing', why, {
      hint: ids.length > 0 ? `Batches: ${ids.slice(0, 10).join(', ')}.` : 'floodgate enqueue makes one.',
    });
  }

  async cancel(id: string): Promise<void> {
    await this.#client.eval(cancelScript, 1, batchKey(id));
  }

  /** What a worker has to know while it measures a cell. */
  async look(id: string, cell: string): Promise<'wanted' | 'cancelled' | 'stored'> {
    const [json, cancelled] = await this.#client.hmget(batchKey(id), 'json', 'cancelled');
    if (json === null || cancelled !== null) return 'cancelled';
    return (await this.#client.hexists(resultsKey(id), cell)) === 1 ? 'stored' : 'wanted';
  }

  async isCancelled(id: string): Promise<boolean> {
    return (await this.#client.hexists(batchKey(id), 'cancelled')) === 1;
  }

  /**
   * @param json the cell's report
   * @returns `there`: another one was first; `full`, `large`: there is no room; `gone`: the batch is
   */
  async store(
    { id }: Batch,
    cell: string,
    json: string,
    from: Omit<Provenance, 'sha256'>,
  ): Promise<'stored' | 'there' | 'gone' | 'full' | 'large'> {
    const packed = gzipSync(json);
    if (packed.length > resultBytesMax || json.length > reportBytesMax) return 'large';
    const sha256 = createHash('sha256').update(json).digest('hex');
    const provenance = JSON.stringify({ ...from, sha256 });
    const keys = [batchKey(id), resultsKey(id), provenanceKey(id)] as const;
    const answer = await this.#client.eval(storeScript, 3, ...keys, cell, packed, provenance, batchBytesMax);
    return answer as 'stored' | 'there' | 'gone' | 'full';
  }

  /** Where each result comes from, by cell. */
  async provenance(id: string): Promise<ReadonlyMap<string, Provenance>> {
    const all = await this.#client.hgetall(provenanceKey(id));
    return new Map(Object.entries(all).map(([cell, json]) => [cell, parseForeign(provenanceSchema, json)]));
  }

  /** A cell's report as its worker wrote it. @throws FloodgateError `queue-foreign` where it is another one */
  async result(id: string, cell: string, { sha256 }: Provenance): Promise<string> {
    const packed = await this.#client.hgetBuffer(resultsKey(id), cell);
    try {
      const json = gunzipSync(packed!, { maxOutputLength: reportBytesMax }).toString();
      if (createHash('sha256').update(json).digest('hex') === sha256) return json;
    } catch {
      // Not what a worker has stored.
    }
    throw new FloodgateError('queue-foreign', `the result of "${cell}" in batch ${id} is not the one that was stored`, {
      hint: 'Remove the batch, and put it into the queue again.',
    });
  }

  async count(id: string, what: Happening): Promise<void> {
    await this.#client.eval(countScript, 1, batchKey(id), what);
  }

  async counts(id: string): Promise<Readonly<Record<Happening | 'surplus', number>>> {
    const names = ['started', 'killed', 'returned', 'surplus'] as const;
    const values = await this.#client.hmget(batchKey(id), ...names);
    return Object.fromEntries(names.map((name, at) => [name, Number(values[at] ?? 0)])) as Record<
      Happening | 'surplus',
      number
    >;
  }

  async remove(id: string): Promise<void> {
    await this.#client.multi().del(batchKey(id), resultsKey(id), provenanceKey(id)).zrem(batchIdsKey, id).exec();
  }

  /** Batches that the queue does not keep beside one more. @param nowMs as batches say it */
  async outdated(nowMs: number): Promise<string[]> {
    const old = await this.#client.zrangebyscore(batchIdsKey, '-inf', nowMs - keptDays * dayMs);
    const surplus = await this.#client.zrange(batchIdsKey, 0, -batchesMax);
    return [...new Set([...old, ...surplus])].filter((id) => batchIdPattern.test(id));
  }

  /** Says that a worker is there; it is forgotten when it was not heard of for a while. */
  async hear(worker: WorkerInfo): Promise<void> {
    await this.#client
      .multi()
      .set(workerKey(worker.id), JSON.stringify(worker), 'PX', heardMs)
      .sadd(workerIdsKey, worker.id)
      .exec();
  }

  async forget(id: string): Promise<void> {
    await this.#client.multi().del(workerKey(id)).srem(workerIdsKey, id).exec();
  }

  async workers(): Promise<WorkerInfo[]> {
    const ids = (await this.#client.smembers(workerIdsKey)).slice(0, workersMax);
    if (ids.length === 0) return [];
    const found = await this.#client.mget(ids.map(workerKey));
    const gone = ids.filter((_, at) => found[at] === null);
    if (gone.length > 0) await this.#client.srem(workerIdsKey, ...gone);
    return found.flatMap((json) => (json === null ? [] : [parseForeign(workerSchema, json)]));
  }
}

function unreadable(error: unknown): undefined {
  if (!(error instanceof FloodgateError)) throw error;
}

const batchIdsKey = 'floodgate:batches';
const workerIdsKey = 'floodgate:workers';
const batchKey = (id: string) => `floodgate:batch:${id}`;
const resultsKey = (id: string) => `floodgate:results:${id}`;
const provenanceKey = (id: string) => `floodgate:provenance:${id}`;
const workerKey = (id: string) => `floodgate:worker:${id}`;
