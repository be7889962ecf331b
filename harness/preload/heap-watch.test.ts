import v8 from 'node:v8';
import vm from 'node:vm';
import t from 'tap';
import { allocatedBetween } from './allocation.ts';
import { HeapWatch } from './heap-watch.ts';
import type { PreloadLine } from './options.ts';

v8.setFlagsFromString('--expose-gc');
/** Where it can be seen, so that no compiler leaves it out. */
export let filler: unknown;
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

t.test('a collection that comes while text is made of the records before it is in the next', async (t) => {
  const { stop } = v8.GCProfiler.prototype;
  t.teardown(() => Object.assign(v8.GCProfiler.prototype, { stop }));
  const lines: PreloadLine[] = [];
  const watch = new HeapWatch((line) => lines.push(line));
  const major = () => lines.filter((line) => line.type === 'gc' && line.kind === 'MarkSweepCompact').length;
  watch.takeCollections();
  const before = major();
  v8.GCProfiler.prototype.stop = function () {
    const records = stop.call(this);
    collect({ type: 'major', execution: 'sync' });
    return records;
  };
  watch.takeCollections();
  Object.assign(v8.GCProfiler.prototype, { stop });
  t.equal(major(), before);
  watch.takeCollections();
  t.equal(major(), before + 1);
});

t.test('a collection that comes when the heap was read, but not yet its records, is counted once', async (t) => {
  const { start } = v8.GCProfiler.prototype;
  t.teardown(() => Object.assign(v8.GCProfiler.prototype, { start }));
  const marks: PreloadLine[] = [];
  const watch = new HeapWatch((line) => marks.push(line));
  const collections = () => marks.filter((line) => line.type === 'gc').length;
  const bytes = 1 << 20;
  // In pieces, all of which are garbage at once: young, so that a collection frees them.
  const allocate = () => {
    for (let left = bytes; left > 0; left -= 1024) filler = new Array(128);
    filler = undefined;
  };
  // Nothing comes between these two: the records of collections in a reading would move what one usually takes.
  watch.takeCollections();
  const first = watch.takeCollections();
  allocate();
  v8.GCProfiler.prototype.start = function () {
    collect({ type: 'minor', execution: 'sync' });
    Object.assign(v8.GCProfiler.prototype, { start });
    return start.call(this);
  };
  const before = collections();
  const second = watch.takeCollections();
  const third = watch.takeCollections();
  t.ok(collections() > before, 'there was one');
  for (const [name, sum, least] of [
    ['with a collection in its middle', second - first, bytes],
    ['behind it', third - second, 0],
  ] as const)
    t.ok(sum >= least && sum < least + bytes / 4, `${name}: ${sum}`);
});

t.test('wherever a collection comes, no young generation is counted twice', async (t) => {
  let collections = 0;
  const watch = new HeapWatch((line) => {
    if (line.type === 'gc') collections += 1;
  });
  const pieceBytes = 4096;
  let last = watch.takeCollections();
  let most = 0;
  let least = Number.POSITIVE_INFINITY;
  let kept: unknown;
  for (let turns = 0; collections < 30 && turns < 200_000; turns += 1) {
    // Of another size each time, so that collections come anywhere.
    kept = new Array((pieceBytes + (turns % 97) * 8) / 8);
    const now = watch.takeCollections();
    most = Math.max(most, now - last);
    least = Math.min(least, now - last);
    last = now;
  }
  t.ok(kept);
  t.ok(collections >= 30, `${collections} collections`);
  // A page of the old space, 256 KiB, is counted when it is begun, and may be taken back at the next collection.
  t.ok(most < 700_000, `at most ${most} bytes a turn`);
  t.ok(least > -300_000, `at least ${least} bytes a turn`);
});
