/** What a queue holds beside BullMQ's jobs, on a server of its own. */

import type { Redis } from 'ioredis';
import t from 'tap';
import { type Batch, type CellOrder, jobIdOf } from './batch.ts';
import { removeBatch } from './batch-cells.ts';
import { openQueue, queuePrefix } from './open-queue.ts';
import { parseQueueAddress } from './queue-address.ts';
import { batchesMax, QueueStore } from './queue-store.ts';
import { connect, type Drivers, loadDrivers } from './redis.ts';
import { withRedis } from './redis-fixture.ts';

t.setTimeout(120_000);
const from = { by: 'box', startedAt: '2026-01-01T00:00:00.000Z', headline: 'fine', exitCode: 0 };

function batchOf(id: string, minute = 0): Batch {
  const cells = ['cart', 'search'];
  const common = {
    floodgate: '1',
    commit: null,
    dirty: false,
    configuration: 'a'.repeat(64),
    command: 'floodgate gate',
    cells,
  };
  const at = new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
  const rest = { machines: 'box', words: [], attempts: 3, timeoutMs: 1_000, by: 'desk', at };
  return { kind: 'batch', schemaVersion: 1, id, common: { ...common, unlimited: [] }, ...rest };
}

t.test('a result is stored once, whoever comes second, and read as it was written', async (t) => {
  await withRedis(t, [], async ({ url }) => {
    const drivers = await loadDrivers();
    const address = parseQueueAddress(url);
    const clients = [
      await connect(drivers, address, { isPatient: false }),
      await connect(drivers, address, { isPatient: true }),
    ];
    const [store, other] = clients.map((client) => new QueueStore(client)) as [QueueStore, QueueStore];
    const batch = batchOf('00000001');
    await store.addBatch(batch);
    t.same(await other.find('0000'), batch);
    const texts = Array.from({ length: 20 }, (_, at) => `{"run":${at},"é":"ü"}`);
    const answers = await Promise.all(
      texts.map((json, at) => (at % 2 ? store : other).store(batch, 'cart', json, { ...from, by: `${at}` })),
    );
    t.same(answers.filter((answer) => answer === 'stored').length, 1);
    t.equal(answers.filter((answer) => answer === 'there').length, 19);
    const provenance = (await store.provenance(batch.id)).get('cart')!;
    t.equal(await store.result(batch.id, 'cart', provenance), texts[Number(provenance.by)]);
    t.equal((await store.counts(batch.id)).surplus, 19);
    // Sent again after a connection was lost: its own.
    const again = await store.store(batch, 'cart', texts[Number(provenance.by)]!, { ...from, by: provenance.by });
    t.equal(again, 'there');
    t.equal((await store.counts(batch.id)).surplus, 19, 'that is no second run');
    await clients[0]!.hset('floodgate:results:00000001', 'cart', 'something else');
    await t.rejects(store.result(batch.id, 'cart', provenance), { code: 'queue-foreign' });
    t.equal(await store.look(batch.id, 'cart'), 'stored');
    t.equal(await store.look(batch.id, 'search'), 'wanted');
    await store.cancel(batch.id);
    t.equal(await store.look(batch.id, 'search'), 'cancelled');
    await removed(drivers, clients[0]!, store);
    t.equal(await store.store(batchOf('00000009'), 'cart', '{}', from), 'gone');
    await bounded(clients[0]!, store);
    for (const client of clients) client.disconnect();
  });

  /** A batch with a cell that runs: not before that has ended, and then nothing is left. */
  async function removed(drivers: Drivers, client: Redis, store: QueueStore): Promise<void> {
    const batch = batchOf('00000009');
    const remove = (waitMs: number, onWait?: (count: number) => void) =>
      removeBatch(drivers, client, store, batch, { isForced: true, waitMs, ...(onWait && { onWait }) });
    await store.addBatch(batch);
    const queue = openQueue(drivers, client, 'box');
    for (const index of [1, 2]) {
      const order = { batch: batch.id, index };
      await queue.add('cell', order, { jobId: jobIdOf(batch.id, index) });
    }
    const options = { connection: client, prefix: queuePrefix, skipVersionCheck: true };
    const worker = new drivers.Worker<CellOrder>('box', null, options);
    const job = (await worker.getNextJob('token'))!;
    await t.rejects(remove(0), { code: 'batch-runs', message: /^a cell of batch 00000009 did not end$/ });
    t.equal(await store.look(batch.id, 'cart'), 'cancelled', 'its worker stops it');
    await remove(60_000, (count) => {
      t.equal(count, 1);
      job.moveToFailed(new Error('cancelled'), 'token', false);
    });
    await store.count(batch.id, 'returned');
    await store.cancel(batch.id);
    t.same(await client.keys('floodgate:*00000009*'), [], 'what its worker says later leaves nothing either');
    await worker.close();
    await queue.close();
  }

  async function bounded(client: Redis, store: QueueStore): Promise<void> {
    await client.hset('floodgate:batch:00000001', 'bytes', `${(512 << 20) - 10}`);
    t.equal(await store.store(batchOf('00000001'), 'search', '{"no":"room"}', from), 'full');
    t.equal((await store.provenance('00000001')).size, 1);
    for (let at = 2; at <= batchesMax; at++) await store.addBatch(batchOf(`${at}`.padStart(8, '0'), at));
    t.same(await store.outdated(Date.UTC(2026, 0, 2)), ['00000001'], 'the oldest makes room for one more');
    t.equal((await store.outdated(Date.UTC(2026, 2, 1))).length, batchesMax, 'after a month all of them');
    await client.hset('floodgate:batch:00000002', 'json', '{"kind":"batch","schemaVersion":2}');
    t.match(await store.batches(), { length: batchesMax });
    t.equal((await store.batches()).find(({ id }) => id === '00000002')!.batch, undefined);
    await t.rejects(store.find('00000002'), { code: 'queue-foreign' });
    t.equal(await store.idOf('00000002'), '00000002');
    await t.rejects(store.find('0000'), { code: 'batch-missing', message: /begins 100 batches/ });
    await client.hset('floodgate:provenance:00000003', 'cart', '{"by":1}');
    await t.rejects(store.provenance('00000003'), { code: 'queue-foreign' });
    await store.hear({ id: 'w', machines: 'box', host: 'h', pid: 1, cell: null, batch: null });
    t.match(await store.workers(), [{ id: 'w' }]);
    await client.set('floodgate:worker:w', '{');
    await t.rejects(store.workers(), { code: 'queue-foreign' });
    await client.del('floodgate:worker:w');
    t.same(await store.workers(), [], 'one that was not heard of is gone');
    t.equal(await client.scard('floodgate:workers'), 0);
  }
});
