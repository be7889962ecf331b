import { channel } from 'node:diagnostics_channel';
import v8 from 'node:v8';
import vm from 'node:vm';
import t from 'tap';
import { allocatedBetween, mayFollow, OffHeapSum } from './allocation.ts';
import { HeapWatch } from './heap-watch.ts';
import type { PreloadLine } from './options.ts';

v8.setFlagsFromString('--expose-gc');
// V8's compilers begin old pages in threads of their own, at any time, and give them back.
for (const compiler of ['sparkplug', 'maglev', 'turbofan']) v8.setFlagsFromString(`--no-${compiler}`);
/** Where it can be seen, so that no compiler leaves it out. */
export let filler: unknown;
const collect = vm.runInNewContext('gc') as (options?: object) => void;

type Mark = Extract<PreloadLine, { type: 'mark' }>;
const answered = channel('http.server.response.finish');
let onMark: (mark: Mark) => void = () => {};
/** The first of all, so that its readings are: answers are counted by each of them. */
new HeapWatch((line) => line.type === 'mark' && onMark(line), { countsOffHeap: true });

/** @returns so many marks, with `between` done before each; `within` is done in the middle of each of its readings */
function marksOf(count: number, between: () => void, within: () => void): Mark[] {
  const marks: Mark[] = [];
  onMark = (mark) => {
    marks.push(mark);
    within();
  };
  while (marks.length < count) {
    between();
    for (let requests = 0; requests < 100; requests += 1) answered.publish({ response: { statusCode: 200 } });
  }
  return marks;
}

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

const bufferBytes = 200_000;
const buffersEach = 40;
const allocateBuffers = () => {
  for (let count = 0; count < buffersEach; count += 1) filler = new ArrayBuffer(bufferBytes);
  filler = undefined;
};

/** What the marks have off the heap, each more than the one before it. */
const offHeapEach = (marks: readonly Mark[]) => marks.slice(1).map(({ offHeap }, at) => offHeap! - marks[at]!.offHeap!);

t.test('off the heap a mark has all that was allocated, wherever in its reading a collection frees it', async (t) => {
  const { start, stop } = v8.GCProfiler.prototype;
  t.teardown(() => Object.assign(v8.GCProfiler.prototype, { start, stop }));
  const exact = Array.from({ length: 4 }, () => bufferBytes * buffersEach);
  const minor = () => collect({ type: 'minor', execution: 'sync' });
  // The first readings have what those behind them do not need.
  marksOf(5, allocateBuffers, () => {});
  t.same(offHeapEach(marksOf(5, allocateBuffers, () => {})), exact, 'in none');
  // In every other reading, and once: what one lacked, the next would have beyond its own.
  let marks = 0;
  let isNext = false;
  const once = () => {
    if (isNext) minor();
    isNext = false;
  };
  const between = () => {
    allocateBuffers();
    marks += 1;
    isNext = marks % 2 === 0;
  };
  t.same(offHeapEach(marksOf(5, between, once)), exact, 'when the mark was sent');
  v8.GCProfiler.prototype.stop = function () {
    const records = stop.call(this);
    once();
    return records;
  };
  t.same(offHeapEach(marksOf(5, between, () => {})), exact, 'while text is made of the records');
  Object.assign(v8.GCProfiler.prototype, { stop });
  v8.GCProfiler.prototype.start = function () {
    once();
    return start.call(this);
  };
  t.same(offHeapEach(marksOf(5, between, () => {})), exact, 'when memory was read, but not yet its records');
});

t.test('what a program frees by itself off the heap makes no sum fall', async (t) => {
  const now = v8.getHeapStatistics().external_memory;
  const sum = new OffHeapSum();
  const first = sum.untilNow(now + 5_000_000);
  t.equal(sum.untilNow(now + 1_000_000), first, 'freed');
  t.equal(sum.untilNow(now + 3_000_000), first + 2_000_000, 'allocated again');
  sum.collected(now + 4_000_000, now);
  t.equal(sum.untilNow(now + 10), first + 3_000_010, 'behind a collection');
});

t.test('old pages that are begun in the middle of a reading are of no reading', async (t) => {
  // Bytecode begins its life old, whoever has it made.
  let turns = 0;
  const compile = () => {
    turns += 1;
    const body = Array.from({ length: 300 }, (_, at) => `a = a + ${turns * 1000 + at}.5;`).join('');
    for (let count = 0; count < 100; count += 1) filler = new Function('a', `${body} return a + ${count}`)(1);
  };
  const marks = marksOf(4, () => {}, compile);
  const oldOf = ({ parts }: Mark) => parts!.allocated - parts!.allocatedYoung;
  t.ok(oldOf(marks.at(-1)!) - oldOf(marks[0]!) > 1 << 20, 'they were begun');
  for (const { parts } of marks) t.equal(parts!.own, parts!.ownYoung);
  t.equal(
    marks.at(-1)!.allocated - marks.at(-1)!.allocatedYoung,
    oldOf(marks.at(-1)!),
    'they count for the program, as those that are begun between two readings',
  );
});

t.test('a collection came after memory was read where it found what was read, and little more', async (t) => {
  const young = (bytes: number) => new Map([['new_space', bytes]]);
  const gc = (before: number, after: number) => ({ before: young(before), after: young(after) });
  const read = { used: young(300_000), totalBytes: 0, externalBytes: 0 };
  t.notOk(mayFollow(read, []));
  t.notOk(mayFollow(read, [gc(1_000_000, 100_000)]), 'one that found more');
  t.notOk(mayFollow(read, [gc(299_999, 100_000)]), 'one that found less');
  t.ok(mayFollow(read, [gc(1_000_000, 100_000), gc(300_000, 50_000)]));
  t.ok(mayFollow(read, [gc(302_000, 50_000), gc(52_000, 0), gc(0, 0)]), 'with others behind it');
  t.notOk(mayFollow(read, [gc(302_000, 50_000), gc(1_000_000, 100_000)]), 'one that was followed by much allocation');
});

t.test('a tick of the clock takes nothing while requests come: a slow run has more of them', async (t) => {
  const watch = new HeapWatch(() => {});
  const usedBytes = () => v8.getHeapStatistics().used_heap_size;
  const takenBy = (tick: () => void) => {
    const taken = Array.from({ length: 61 }, () => {
      answered.publish({ response: { statusCode: 200 } });
      const before = usedBytes();
      tick();
      return usedBytes() - before;
    });
    return taken.sort((a, b) => a - b)[30]!;
  };
  takenBy(() => watch.reportIfIdle());
  t.equal(
    takenBy(() => watch.reportIfIdle()),
    takenBy(() => {}),
  );
});
