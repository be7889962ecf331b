/** The C library, bound once: every system call that Node.js does not offer goes through here. Linux only. */
import assert from 'node:assert';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { FloodgateError } from '../../errors.ts';

type Koffi = typeof import('koffi');

/** A C pointer. Null is `null` when passed and `0n` when returned. */
export type Address = bigint;

/** Plain C signatures; a result of −1 means failure, and `errno()` is the reason. */
export interface Libc {
  mmap(address: Address | null, length: number, protection: number, flags: number, fd: number, offset: number): Address;
  munmap(address: Address, length: number): number;
  /** Gives free memory of malloc's back to the system, wherever it lies: malloc_trim(3). @returns 0 where there was none, or no such call */
  mallocTrim(padding: number): number;
  /** Given bytes, it advises on the memory they lie in. */
  madvise(address: Address | Uint8Array, length: number, advice: number): number;
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  close(fd: number): number;
  /** With integers only. */
  prctl(option: number, second: number, third: number): number;
  /** Of the calling thread: see capget(2). */
  capget(header: Uint32Array, sets: Uint32Array): number;
  capset(header: Uint32Array, sets: Uint32Array): number;
  /** Of three arguments, the last a pointer. */
  syscall(number: number, first: number, second: number, third: Uint8Array): number;
  ifNameToIndex(name: string): number;
  /** The user and primary group of this name, from whatever the system keeps users in; null when there is none. */
  userNamed(name: string): { uid: number; gid: number } | null;
  /** _exit(2). */
  exit(code: number): void;
  errno(): number;
  /** What `mmap` and `madvise` count in: 4,096 on x86-64, up to 65,536 elsewhere. */
  readonly systemPageBytes: number;
  /** The memory at `address` as an ArrayBuffer, not copied: using it after `munmap` ends the process. */
  view(address: Address, length: number): ArrayBuffer;
}

const SC_PAGESIZE = 30;
const mapFailed = 0xffff_ffff_ffff_ffffn;
let koffi: Koffi | null | undefined;
let bindings: Libc | null | undefined;

/** The foreign-function package, or null where it has no prebuilt binary for this system. */
export function loadKoffi(): Koffi | null {
  if (koffi === undefined) {
    try {
      koffi = createRequire(import.meta.url)('koffi') as Koffi;
    } catch {
      koffi = null;
    }
  }
  return koffi;
}

/** The bound C library; null on other systems than Linux, and where the foreign-function package does not load. */
export function loadLibc(): Libc | null {
  if (bindings === undefined) {
    const loaded = process.platform === 'linux' ? loadKoffi() : null;
    bindings = loaded === null ? null : bindLibc(loaded);
  }
  return bindings;
}

/**
 * The bound C library for `purpose`, which cannot work without it.
 * @throws FloodgateError `live-unsupported` where there is none.
 */
export function requireLibc(purpose: string): Libc {
  const libc = loadLibc();
  if (libc !== null) return libc;
  throw new FloodgateError('live-unsupported', `${purpose} needs Linux and the package koffi`, {
    hint: 'capture files and standard input work on every system: use --read FILE or --read -',
  });
}

function bindLibc(loaded: Koffi): Libc {
  const library = loaded.load(null);
  const bound = (definition: string) => library.func(definition);
  const getpwnam = bound('void *getpwnam(const char *name)');
  const prctl = bound('int prctl(int option, ...)');
  const syscall = bound('long syscall(long number, ...)');
  const words = (...values: number[]) => values.flatMap((value) => ['unsigned long', value]);
  return {
    mmap: bound('void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)'),
    munmap: bound('int munmap(void *address, size_t length)'),
    mallocTrim: bindTrim(library),
    madvise: bound('int madvise(void *address, size_t length, int advice)'),
    socket: bound('int socket(int domain, int type, int protocol)'),
    setsockopt: bound('int setsockopt(int fd, int level, int name, uint8_t *value, uint32_t length)'),
    getsockopt: bound('int getsockopt(int fd, int level, int name, uint8_t *value, uint32_t *length)'),
    bind: bound('int bind(int fd, uint8_t *address, uint32_t length)'),
    ioctl: bound('int ioctl(int fd, unsigned long request, uint8_t *argument)'),
    close: bound('int close(int fd)'),
    // Both take any number of arguments of one word each: what is not given would be whatever a register holds.
    prctl: (option, second, third) => prctl(option, ...words(second, third, 0, 0)),
    capget: bound('int capget(uint32_t *header, uint32_t *sets)'),
    capset: bound('int capset(uint32_t *header, uint32_t *sets)'),
    syscall: (number, first, second, third) => Number(syscall(number, ...words(first, second), 'uint8_t *', third)),
    ifNameToIndex: bound('unsigned int if_nametoindex(const char *name)'),
    userNamed: (name) => {
      // struct passwd: two pointers (name, password), then the numbers.
      const entry: Address | null = getpwnam(name);
      if (entry === null) return null;
      return { uid: loaded.decode.uint32(entry + 16n), gid: loaded.decode.uint32(entry + 20n) };
    },
    exit: bound('void _exit(int code)'),
    errno: () => loaded.errno(),
    systemPageBytes: bound('long sysconf(int name)')(SC_PAGESIZE),
    view: (address, length) => loaded.view(address, length),
  };
}

/** glibc's alone. */
function bindTrim(library: ReturnType<Koffi['load']>): Libc['mallocTrim'] {
  try {
    return library.func('int malloc_trim(size_t padding)');
  } catch {
    return () => 0;
  }
}

const errnoNames = new Map<number, string>(Object.entries(constants.errno).map(([name, value]) => [value, name]));

/** `EPERM` for 1, and so on. */
export function errnoName(errno: number): string {
  return errnoNames.get(errno) ?? `errno ${errno}`;
}

/** Maps memory. @throws FloodgateError `map-failed` when the system refuses. */
export function mapMemory(libc: Libc, length: number, flags: number, fd: number, what: string): Address {
  assert(length > 0);
  const readWrite = 0x3;
  const address = libc.mmap(null, length, readWrite, flags, fd, 0);
  if (address !== mapFailed) return address;
  throw new FloodgateError('map-failed', `cannot map ${length} bytes for ${what}: ${errnoName(libc.errno())}`, {
    hint: 'ask for less memory, or raise the limit on address space (ulimit -v)',
  });
}
