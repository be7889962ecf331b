/** What a read of one page maps of a file, before and after. */
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { mapSinglePages } from './fault-around.ts';
import { type Libc, loadLibc } from './libc.ts';

const MAP_PRIVATE = 2;
const MADV_DONTNEED = 4;
const libc = loadLibc();

/** Asked of the system in another way than the code does: by its release. */
function whySkip(): string | false {
  if (libc === null) return 'SKIPPED: Linux with koffi alone';
  const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);
  if (major * 1000 + minor < 6007) return 'SKIPPED: Linux 6.7 and later alone';
  if (!/^Seccomp:\t0$/m.test(readFileSync('/proc/self/status', 'utf8'))) return 'SKIPPED: a filter of system calls';
  return false;
}

function residentAt(start: bigint): number {
  const smaps = readFileSync('/proc/self/smaps', 'latin1');
  const text = smaps.slice(smaps.indexOf(`${start.toString(16)}-`));
  return Number(/^Rss:\s+(\d+) kB$/m.exec(text)![1]) * 1024;
}

t.test('a read maps one page', { skip: whySkip() }, async (t) => {
  const { systemPageBytes: pageBytes } = libc!;
  const length = 64 * pageBytes;
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-fault-around-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'file');
  writeFileSync(file, Buffer.alloc(length, 'page'));
  const fd = openSync(file, 'r');
  // Pages that are being written out are locked, and the kernel maps no locked page around a read.
  fsyncSync(fd);
  const start = libc!.mmap(null, length, 1, MAP_PRIVATE, fd, 0);
  closeSync(fd);
  const bytes = new Uint8Array(libc!.view(start, length));
  const read = () => {
    t.equal(libc!.madvise(start, length, MADV_DONTNEED), 0);
    t.equal(bytes[17 * pageBytes], 'p'.charCodeAt(0));
    return residentAt(start);
  };
  t.ok(read() > pageBytes, 'those around it too, before');
  t.same(mapSinglePages(libc!, [{ start, length }]), [{ start, length }]);
  t.equal(read(), pageBytes, 'it alone');
  t.equal(libc!.madvise(start, length, MADV_DONTNEED), 0);
  for (let at = 0; at < length; at += pageBytes) if (bytes[at] !== 'p'.charCodeAt(0)) t.fail(`byte ${at}`);
  t.equal(residentAt(start), length, 'every page can be read');
});

t.test('where the system has no such thing, nothing changes and nothing stays open', async (t) => {
  const closed: number[] = [];
  const system = (fd: number, isVersionKnown: boolean) =>
    ({
      syscall: () => fd,
      ioctl: (_fd: number, request: number) => (isVersionKnown && request === 0xc018aa3f ? 0 : -1),
      close: (each: number) => closed.push(each),
    }) as unknown as Libc;
  const ranges = [{ start: 0x400000n, length: 4096 }];
  t.same(mapSinglePages(system(-1, false), ranges), [], 'no such call, or a filter that refuses it');
  t.same(closed, []);
  t.same(mapSinglePages(system(7, false), ranges), [], 'no asynchronous write protection');
  t.same(mapSinglePages(system(8, true), ranges), [], 'not for these ranges');
  t.same(closed, process.arch === 'x64' || process.arch === 'arm64' ? [7, 8] : []);
  t.same(mapSinglePages(system(9, true), []), []);
});
