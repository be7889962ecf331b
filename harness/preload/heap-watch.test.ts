import { setTimeout as delay } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import t from 'tap';
import { allocatedBetween } from './allocation.ts';
import { HeapWatch } from './heap-watch.ts';
import type { PreloadLine } from './options.ts';

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as (options?: object) => void;

t.test('young and large objects count to the byte, old pages only where more than one was begun', async (t) => {
  const at = (young: number, old: number, large: number) =>
    new Map([
      ['new_space', young],
      ['old_space', old],
      ['large_object_space', large],
    ]);
  const page = 256 << 10;
  t.same(allocatedBetween(at(100, 0, 0), at(140, 0, 0)), { young: 40, old: 0 });
  t.same(
    allocatedBetween(at(100, page, 0), at(140, 2 * page, 1_000_000)),
    { young: 1_000_040, old: 0 },
    'a page begun',
  );
  t.same(allocatedBetween(at(0, page, 0), at(0, 5 * page, 0)), { young: 0, old: 3.5 * page }, 'four, the last in part');
  t.same(allocatedBetween(at(100, page, 50), at(60, 0, 20)), { young: 0, old: 0 }, 'what shrinks is no allocation');
});

t.test('each collection counts once, whenever it comes while readings are taken', async (t) => {
  const { start, stop } = v8.GCProfiler.prototype;
  t.teardown(() => Object.assign(v8.GCProfiler.prototype, { start, stop }));
  const lines: PreloadLine[] = [];
  const watch = new HeapWatch((line) => lines.push(line));
  const counted = () => lines.filter(({ type }) => type === 'gc').length;
  const collectAndWait = async (when: 'after the next began' | 'after this one ended') => {
    const before = counted();
    let isDone = false;
    const once = () => {
      if (!isDone) collect({ type: 'major', execution: 'sync' });
      isDone = true;
    };
    v8.GCProfiler.prototype.start = function () {
      start.call(this);
      if (when === 'after the next began') once();
    };
    v8.GCProfiler.prototype.stop = function () {
      const records = stop.call(this);
      if (when === 'after this one ended') once();
      return records;
    };
    watch.takeCollections();
    Object.assign(v8.GCProfiler.prototype, { start, stop });
    watch.takeCollections();
    await delay(1);
    return lines
      .filter((line) => line.type === 'gc')
      .slice(before)
      .filter((line) => line.kind === 'MarkSweepCompact').length;
  };
  t.equal(await collectAndWait('after the next began'), 1, 'that two recordings hold');
  t.equal(await collectAndWait('after this one ended'), 1, 'that comes between them');
});
