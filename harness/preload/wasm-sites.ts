/**
 * WebAssembly's memories by call site: those that JavaScript makes or grows, and those that a module exports, which grow by an
 * instruction of its own: these count for who made the instance. A memory that a module keeps to itself is not seen.
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
    const bytes = of.buffer.byteLength;
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
  wrapInstances(takeExports);
  return () => {
    watched = watched.filter(({ memory }) => memory.deref() !== undefined);
    for (const entry of watched) measure(entry);
  };
}

function wrapMemory(recorder: SiteRecorder, known: WeakMap<WebAssembly.Memory, number>): void {
  const construct = (target: typeof WebAssembly.Memory, args: unknown[], newTarget: unknown): WebAssembly.Memory => {
    const memory = Reflect.construct(target, args, newTarget === wrapped ? target : (newTarget as typeof target));
    known.set(memory, memory.buffer.byteLength);
    recorder.record(memory.buffer.byteLength, 'new WebAssembly.Memory', construct, memory);
    return memory;
  };
  const { grow } = WebAssembly.Memory.prototype;
  const wrapped = new Proxy(WebAssembly.Memory, { construct });
  Object.defineProperty(WebAssembly, 'Memory', { value: wrapped, writable: true, configurable: true });
  WebAssembly.Memory.prototype.grow = function growMemory(this: WebAssembly.Memory, ...args): number {
    const before = this.buffer.byteLength;
    const pages = grow.apply(this, args);
    known.set(this, this.buffer.byteLength);
    recorder.record(this.buffer.byteLength - before, 'WebAssembly.Memory.grow', growMemory, this);
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
