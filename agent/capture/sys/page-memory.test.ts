import { readFileSync } from 'node:fs';
import t from 'tap';
import { loadLibc } from './libc.ts';
import { mapPages, PagesOnDemand, viewPages } from './page-memory.ts';

const residentBytes = () => Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[1]) * 4096;
const live = loadLibc() !== null;

t.test('pages cost memory once touched and give it back when released', { skip: live ? false : 'not Linux' }, (t) => {
  const mebibyte = 1 << 20;
  const memory = mapPages(256 * mebibyte);
  const before = residentBytes();
  memory.bytes.fill(7, 0, 64 * mebibyte);
  const touched = residentBytes();
  t.ok(touched - before > 60 * mebibyte && touched - before < 80 * mebibyte, 'only what was touched is resident');
  memory.release(100, 63 * mebibyte);
  t.ok(touched - residentBytes() > 60 * mebibyte, 'released pages leave the process at once');
  t.equal(memory.bytes[99], 7, 'the bytes before the range are kept');
  t.equal(memory.bytes[63 * mebibyte + 100], 7, 'and those after it');
  t.equal(memory.bytes[mebibyte], 0, 'what was released is zero again');
  const bytes = memory.bytes;
  memory.close();
  memory.close();
  t.equal(bytes.length, 0, 'a view kept after closing is empty, not a crash');
  t.end();
});

t.test('pages on demand are mapped when they are first asked for', { skip: live ? false : 'not Linux' }, (t) => {
  const length = 12_345 * 4096;
  const isMapped = () => {
    const sizes = readFileSync('/proc/self/maps', 'latin1').matchAll(/^([0-9a-f]+)-([0-9a-f]+) /gm);
    return sizes.some(([, start, end]) => BigInt(`0x${end}`) - BigInt(`0x${start}`) === BigInt(length));
  };
  const memory = new PagesOnDemand(length);
  memory.release(0, length);
  t.equal(memory.byteLength, length);
  t.notOk(isMapped(), 'its length can be asked for, and nothing be released');
  memory.bytes[length - 1] = 7;
  t.ok(isMapped());
  memory.release(0, length);
  t.equal(memory.bytes[length - 1], 0);
  memory.close();
  memory.close();
  t.notOk(isMapped());
  t.throws(() => memory.bytes, 'nothing is mapped again');
  new PagesOnDemand(length).close();
  t.notOk(isMapped(), 'what was never used is closed without being mapped');
  t.end();
});

t.test('another view of the same pages sees the same bytes', { skip: live ? false : 'not Linux' }, (t) => {
  const memory = mapPages(10_000);
  t.equal(memory.bytes.length, 10_000);
  const other = viewPages(memory.address!, 10_000);
  other.bytes[9_999] = 42;
  t.equal(memory.bytes[9_999], 42);
  other.close();
  t.equal(memory.bytes[9_999], 42, 'closing a view leaves the pages mapped');
  memory.close();
  t.end();
});

t.test('more than the address space is refused with a clear error', { skip: live ? false : 'not Linux' }, (t) => {
  t.throws(() => mapPages(2 ** 52), { code: 'map-failed', message: /ENOMEM/ });
  t.end();
});
