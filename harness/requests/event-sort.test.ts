import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { createRandom } from '../../agent/seeded-random.ts';
import { EventSort } from './event-sort.ts';
import { EventKind, emptyEvent, eventBytes, readEvent } from './request-event.ts';

t.test('events of many runs come out in order, and the connections open at one time are counted', async (t) => {
  const file = path.join(t.testdir(), 'events');
  const { fraction } = createRandom(7, 'events');
  const sort = new EventSort(file, 100);
  const count = 2_345;
  for (let order = 0; order < count; order += 1) {
    sort.add({
      ...emptyEvent(),
      kind: EventKind.request,
      tsUs: Math.floor(fraction() * 500),
      order,
      length: order * 3,
    });
  }
  for (const [tsUs, kind] of [
    [1, EventKind.open],
    [2, EventKind.open],
    [3, EventKind.close],
    [4, EventKind.open],
  ] as const) {
    sort.add({ ...emptyEvent(), kind, tsUs, order: 10_000 });
  }
  t.equal(sort.finish(), 2);
  const bytes = readFileSync(file);
  t.equal(bytes.length, (count + 4) * eventBytes);
  t.notOk(existsSync(`${file}.runs`));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const seen = new Set<number>();
  const event = emptyEvent();
  let before = { tsUs: -1, order: -1 };
  for (let at = 0; at < bytes.length; at += eventBytes) {
    readEvent(view, at, event);
    if (event.tsUs < before.tsUs || (event.tsUs === before.tsUs && event.order <= before.order)) t.fail(`at ${at}`);
    before = { ...event };
    if (event.kind === EventKind.request) {
      seen.add(event.order);
      if (event.length !== event.order * 3) t.fail('its fields went with it');
    }
  }
  t.equal(seen.size, count);
});
