/**
 * WebAssembly's memories by call site: those that JavaScript makes or grows, and those that a module exports, which grow by an
 * instruction of its own: what grew counts for who looks at the buffer next, as whoever called the module must, since growing detaches
 * it; and for who made the instance where nobody looks. A memory that a module keeps to itself is not seen.
 */
import { callStack, type SiteRecorder } from './call-stack.ts';
import type { OffHeapSite } from './options.ts';

/** Instances whose memories are asked; beyond it the oldest are let go. */
const watchedMax = 10_000;

interface Watched {
  readonly memory: WeakRef<WebAssembly.Memory>;
  readonly frames: OffHeapSite['frames'];
}

/** Wraps for good. @returns reports what grew by instruction since the last time */
export function wrapWebAssembly(recorder: SiteRecorder): () => void {
  const known = new WeakMap<WebAssembly.Memory, number>();
  let watched: Watched[] = [];
  const measure = ({ memory, frames }: Watched) => {
    const of = memory.deref();
    if (!of) return;
    const bytes = bytesOf(of);
    const grown = bytes - (known.get(of) ?? 0);
    if (grown <= 0) return;
    known.set(of, bytes);
    recorder.recordAt(grown, 'WebAssembly memory', () => frames, of);
  };
  const takeExports = (instance: WebAssembly.Instance, frames: OffHeapSite['frames']) => {
    for (const value of Object.values(instance.exports)) {
      if (!(value instanceof WebAssembly.Memory)) continue;
      const entry = { memory: new WeakRef(value), frames };
      measure(entry);
      watched.push(entry);
    }
    if (watched.length > watchedMax) watched = watched.slice(watchedMax / 2);
  };
  wrapMemory(recorder, known);
  wrapBuffer(recorder, known);
  wrapInstances(takeExports);
  return () => {
    watched = watched.filter(({ memory }) => memory.deref() !== undefined);
    for (const entry of watched) measure(entry);
  };
}

const buffer = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer')!;
/** Without counting as a look. */
const bytesOf = (memory: WebAssembly.Memory): number => buffer.get!.call(memory).byteLength;

/** Of memories that are known alone: what grew before is no matter of who looks first. */
function wrapBuffer(recorder: SiteRecorder, known: WeakMap<WebAssembly.Memory, number>): void {
  const descriptor = {
    get buffer() {
      const memory = this as unknown as WebAssembly.Memory;
      const found: ArrayBuffer = buffer.get!.call(memory);
      const grown = found.byteLength - (known.get(memory) ?? Number.POSITIVE_INFINITY);
      if (grown > 0) {
        known.set(memory, found.byteLength);
        recorder.record(grown, 'WebAssembly memory', wrapped.get!, memory);
      }
      return found;
    },
  };
  const wrapped = Object.getOwnPropertyDescriptor(descriptor, 'buffer')!;
  Object.defineProperty(WebAssembly.Memory.prototype, 'buffer', { ...buffer, get: wrapped.get! });
}

function wrapMemory(recorder: SiteRecorder, known: WeakMap<WebAssembly.Memory, number>): void {
  const construct = (target: typeof WebAssembly.Memory, args: unknown[], newTarget: unknown): WebAssembly.Memory => {
    const memory = Reflect.construct(target, args, newTarget === wrapped ? target : (newTarget as typeof target));
    known.set(memory, bytesOf(memory));
    recorder.record(bytesOf(memory), 'new WebAssembly.Memory', construct, memory);
    return memory;
  };
  const { grow } = WebAssembly.Memory.prototype;
  const wrapped = new Proxy(WebAssembly.Memory, { construct });
  Object.defineProperty(WebAssembly, 'Memory', { value: wrapped, writable: true, configurable: true });
  WebAssembly.Memory.prototype.grow = function growMemory(this: WebAssembly.Memory, ...args): number {
    const before = bytesOf(this);
    const pages = grow.apply(this, args);
    known.set(this, bytesOf(this));
    recorder.record(bytesOf(this) - before, 'WebAssembly.Memory.grow', growMemory, this);
    return pages;
  };
}

function wrapInstances(take: (instance: WebAssembly.Instance, frames: OffHeapSite['frames']) => void): void {
  const construct = (
    target: typeof WebAssembly.Instance,
    args: unknown[],
    newTarget: unknown,
  ): WebAssembly.Instance => {
    const instance = Reflect.construct(target, args, newTarget === wrapped ? target : (newTarget as typeof target));
    take(instance, callStack(construct));
    return instance;
  };
  const wrapped = new Proxy(WebAssembly.Instance, { construct });
  Object.defineProperty(WebAssembly, 'Instance', { value: wrapped, writable: true, configurable: true });
  for (const name of ['instantiate', 'instantiateStreaming'] as const) {
    const original = WebAssembly[name] as (...args: unknown[]) => Promise<unknown>;
    if (!original) continue;
    const instantiate = (...args: unknown[]) => {
      const frames = callStack(instantiate);
      return original.apply(WebAssembly, args).then((result) => {
        const { instance = result } = result as { instance?: unknown };
        if (instance instanceof WebAssembly.Instance) take(instance, frames);
        return result;
      });
    };
    Object.defineProperty(WebAssembly, name, { value: instantiate, writable: true, configurable: true });
  }
}
