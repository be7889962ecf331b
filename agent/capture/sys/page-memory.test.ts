import { readFileSync } from 'node:fs';
import t from 'tap';
import { loadLibc } from './libc.ts';
import { placePages, placePagesQuietly } from './page-memory.ts';

const residentBytes = () => Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[1]) * 4096;
const live = loadLibc() !== null;
const mebibyte = 1 << 20;
const start = 64 << 10;

for (const [name, place] of Object.entries({ placePages, placePagesQuietly })) {
  t.test(`${name}: pages cost memory once touched and give it back`, { skip: live ? false : 'not Linux' }, (t) => {
    const pages = 256 * 16;
    const bytes = new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer);
    const memory = place(bytes, start, 255 * mebibyte);
    const before = residentBytes();
    bytes.fill(7, 0, 64 * mebibyte);
    const touched = residentBytes();
    t.ok(touched - before > 60 * mebibyte && touched - before < 80 * mebibyte, 'only what was touched is resident');
    memory.release(100, 63 * mebibyte);
    t.ok(touched - residentBytes() > 60 * mebibyte, 'released pages leave the process at once');
    t.equal(bytes[start + 99], 7, 'the bytes before the range are kept');
    t.equal(bytes[start + 63 * mebibyte + 100], 7, 'and those after it');
    t.equal(bytes[start + mebibyte], 0, 'what was released is zero again');
    t.throws(() => memory.release(0, 255 * mebibyte + 1), 'what is no page is not released');
    t.end();
  });
}
