// A target that makes one effect a line of its input, and says "done" behind each:
//   anonymous BYTES | shared BYTES | memfd BYTES | map FILE | evict FILE | heap BYTES | garbage BYTES | buffer BYTES | collect | minor | objects COUNT
import { createInterface } from 'node:readline';
import koffi from 'koffi';

const library = koffi.load(null);
const open = library.func('int open(const char *path, int flags)');
const mmap = library.func('void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)');
const fadvise = library.func('int posix_fadvise(int fd, long offset, long length, int advice)');
const memfdCreate = library.func('int memfd_create(const char *name, unsigned int flags)');
const truncate = library.func('int ftruncate(int fd, long length)');
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_ANONYMOUS = 0x20;
const DONTNEED = 4;
const kept = [];
let sink = 0;

const effects = {
  anonymous: (bytes) => kept.push(Buffer.alloc(Number(bytes), 1)),
  shared: (bytes) => write(mmap(null, Number(bytes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), Number(bytes)),
  memfd: (bytes) => {
    const fd = memfdCreate('effects', 0);
    truncate(fd, Number(bytes));
    write(mmap(null, Number(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), Number(bytes));
  },
  map: (file, bytes) => {
    const view = new Uint8Array(koffi.view(mmap(null, Number(bytes), PROT_READ, MAP_SHARED, open(file, 0), 0), Number(bytes)));
    for (let at = 0; at < view.length; at += 4096) sink += view[at];
    kept.push(view);
  },
  evict: (file, bytes) => fadvise(open(file, 0), 0, Number(bytes), DONTNEED),
  // An array of doubles this large has a page of its own in the large object space.
  heap: (bytes) => kept.push(new Array(Number(bytes) / 8).fill(0.5)),
  garbage: (bytes) => {
    for (let i = 0; i < Number(bytes) / 80_016; i++) sink += new Array(10_000).fill(0.5 + i)[7];
  },
  buffer: (bytes) => kept.push(new ArrayBuffer(Number(bytes))),
  collect: () => gc(),
  minor: () => gc({ type: 'minor' }),
  objects: (count) => objects(Number(count)),
};

function write(address, bytes) {
  const view = new Uint8Array(koffi.view(address, bytes));
  for (let at = 0; at < view.length; at += 4096) view[at] = 1;
  kept.push(view);
}

/** 40 bytes each. */
function objects(count) {
  let last;
  for (let i = 0; i < count; i++) last = { a: 1, b: i };
  sink += last.b;
}
// Optimized code keeps its numbers unboxed, which first runs do not.
objects(200_000);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [name, ...words] = line.split(' ');
  effects[name](...words);
  process.stdout.write(`done ${name}\n`);
});
lines.on('close', () => process.exit(sink === 1 ? 1 : 0));
process.stdout.write('ready\n');
