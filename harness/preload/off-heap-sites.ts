/**
 * Where off-heap memory is allocated, by call site: wraps Buffer's makers, ArrayBuffer, the typed arrays and their
 * `slice`, what makes a compressor, and WebAssembly's memories, and samples their bytes. V8's heap profiler shows only the
 * wrappers of such memory. For attribution passes: it slows allocation down, and misses buffers born in native code (what
 * sockets read into) and native state of other kinds (TLS).
 */
import { callStack, type SiteRecorder } from './call-stack.ts';
import { wrapCompressors } from './compressor-sites.ts';
import type { OffHeapSite } from './options.ts';
import { wrapWebAssembly } from './wasm-sites.ts';

export interface OffHeapSites {
  /** The sites since the last call, and starts anew; @param keeps what is alive stays on the list */
  take(keeps?: boolean): OffHeapSite[];
}

/** Distinct stacks held between two calls of `take`; beyond it bytes go to one site named "(other)". */
const sitesMax = 20_000;

interface Pending {
  bytes: number;
  count: number;
  readonly operation: string;
  readonly frames: OffHeapSite['frames'];
}

/** Sampled allocations watched for being alive at once; beyond it the oldest are taken for dead. */
const watchedMax = 200_000;

/**
 * Wraps the global constructors, for good. `sampleBytes` is the mean distance between samples; `live`: `take` gives only
 * what is still alive, as of the last collection.
 */
export function installOffHeapSites(sampleBytes: number, kind: 'allocations' | 'live'): OffHeapSites {
  const recorder = new Recorder(sampleBytes, kind === 'live');
  wrapBuffer(recorder);
  wrapConstructors(recorder);
  wrapCompressors(recorder);
  recorder.beforeTake = wrapWebAssembly(recorder);
  return recorder;
}

class Recorder implements OffHeapSites, SiteRecorder {
  /** Reports what grew unseen since the last time. */
  beforeTake: () => void = () => {};
  readonly #sampleBytes: number;
  readonly #isLive: boolean;
  #watched: {
    readonly memory: WeakRef<object>;
    readonly site: Pending;
    readonly bytes: number;
    readonly count: number;
  }[] = [];
  #sites = new Map<string, Pending>();
  #untilSample: number;
  // Sampling distances must not beat with the program's own rhythm: exponential, from a fixed seed (xorshift32).
  #random = 0x9e3779b9;

  constructor(sampleBytes: number, isLive: boolean) {
    this.#sampleBytes = sampleBytes;
    this.#isLive = isLive;
    this.#untilSample = this.#nextDistance();
  }

  record(bytes: number, operation: string, above: (...args: never[]) => unknown, memory: object): void {
    this.recordAt(bytes, operation, () => callStack(above), memory);
  }

  recordAt(bytes: number, operation: string, frames: () => OffHeapSite['frames'], memory: object): void {
    this.#untilSample -= bytes;
    if (this.#untilSample > 0) return;
    // An exponential distance has no memory: the next one begins anew. What is sampled stands for itself and for those
    // of its size that were not, so that allocations far above the distance are counted nearly exactly.
    this.#untilSample = this.#nextDistance();
    const count = 1 / -Math.expm1(-bytes / this.#sampleBytes);
    const sampled = bytes * count;
    const site = this.#site(operation, frames());
    if (this.#isLive) {
      this.#watched.push({ memory: new WeakRef(memory), site, bytes: sampled, count });
      if (this.#watched.length > watchedMax) this.#watched = this.#watched.slice(watchedMax / 2);
    } else {
      site.bytes += sampled;
      site.count += count;
    }
  }

  take(keeps = false): OffHeapSite[] {
    this.beforeTake();
    const alive = this.#watched.filter(({ memory }) => memory.deref() !== undefined);
    for (const { site, bytes, count } of alive) {
      site.bytes += bytes;
      site.count += count;
    }
    const sites = [...this.#sites.values()].filter((site) => site.bytes > 0).map((site) => ({ ...site }));
    this.#watched = keeps ? alive : [];
    this.#sites = keeps ? new Map([...this.#sites].filter(([, site]) => site.bytes > 0)) : new Map();
    for (const site of this.#sites.values()) site.bytes = site.count = 0;
    return sites;
  }

  #site(operation: string, frames: OffHeapSite['frames']): Pending {
    let key = operation;
    for (const frame of frames) key += `\n${frame.functionName} ${frame.url}:${frame.line}:${frame.column}`;
    let site = this.#sites.get(key);
    if (!site) {
      const full = this.#sites.size >= sitesMax;
      if (full) key = '(other)';
      site = this.#sites.get(key) ?? { bytes: 0, count: 0, operation, frames: full ? [] : frames };
      this.#sites.set(key, site);
    }
    return site;
  }

  #nextDistance(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x >>> 0;
    return -Math.log((this.#random + 1) / 4_294_967_297) * this.#sampleBytes;
  }
}

// Buffers up to half the pool size are cut from a shared pool of 8 KiB (64 KiB in newer versions): counting them by
// their own size adds up to the pools.
function wrapBuffer(recorder: Recorder): void {
  const target = Buffer as unknown as Record<string, (...args: unknown[]) => Buffer>;
  for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow', 'from', 'concat', 'copyBytesFrom']) {
    const original = target[name];
    if (!original) continue;
    const operation = `Buffer.${name}`;
    const wrapped = (...args: unknown[]): Buffer => {
      const buffer = original.apply(Buffer, args);
      // Buffer.from(arrayBuffer) is a view.
      if (!(name === 'from' && args[0] instanceof ArrayBuffer))
        recorder.record(buffer.length, operation, wrapped, buffer.buffer);
      return buffer;
    };
    Object.defineProperty(wrapped, 'name', { value: name });
    target[name] = wrapped;
  }
}

const typedArrayNames = [
  'Uint8Array',
  'Uint8ClampedArray',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'BigUint64Array',
  'BigInt64Array',
];
/** Typed arrays up to this many bytes live on the V8 heap, where V8's own sampler counts them. */
const onHeapBytesMax = 64;

type Constructor = new (...args: unknown[]) => { byteLength: number };

function wrapConstructors(recorder: Recorder): void {
  const globals = globalThis as unknown as Record<string, Constructor>;
  for (const name of ['ArrayBuffer', 'SharedArrayBuffer', ...typedArrayNames]) {
    const original = globals[name];
    if (!original) continue;
    const operation = `new ${name}`;
    const construct = (target: Constructor, args: unknown[], newTarget: unknown): object => {
      const made = Reflect.construct(target, args, newTarget === proxy ? target : (newTarget as Constructor));
      // Over an existing buffer it is a view, without memory of its own.
      if (!isBuffer(args[0]) && made.byteLength > onHeapBytesMax)
        recorder.record(made.byteLength, operation, construct, memoryOf(made));
      return made;
    };
    const proxy = new Proxy(original, { construct });
    globals[name] = proxy as Constructor;
  }
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Record<string, unknown>;
  for (const [owner, name] of [
    [typedArray, 'slice'],
    [ArrayBuffer.prototype as unknown as Record<string, unknown>, 'slice'],
  ] as const) {
    const original = owner[name] as (...args: unknown[]) => { byteLength: number };
    const wrapped = function (this: unknown, ...args: unknown[]) {
      const made = original.apply(this, args);
      if (made.byteLength > onHeapBytesMax) recorder.record(made.byteLength, name, wrapped, memoryOf(made));
      return made;
    };
    Object.defineProperty(owner, name, { value: wrapped, writable: true, configurable: true });
  }
}

/** A view may die while its buffer lives on in another. */
function memoryOf(made: object): object {
  return (made as { buffer?: object }).buffer ?? made;
}

function isBuffer(value: unknown): boolean {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}
