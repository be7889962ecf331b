/** What memories of WebAssembly take: V8 counts them nowhere, so they are asked one by one. One that a module keeps to itself is not seen. */
import type { SiteRecorder } from './call-stack.ts';
import { wrapWebAssembly } from './wasm-sites.ts';

const buffer = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer')!;

/** Of memories that come and go no more places are kept, or twice as many as are alive. */
const forgetAtLeast = 1024;

/** Wraps for good. @returns bytes of all memories that are alive by now, whoever grew them */
export function watchWasmMemories(): () => number {
  const known = new WeakSet<object>();
  let memories: WeakRef<WebAssembly.Memory>[] = [];
  let forgetAt = forgetAtLeast;
  const see = (memory: object) => {
    if (known.has(memory)) return;
    known.add(memory);
    if (memories.length >= forgetAt) forget();
    memories.push(new WeakRef(memory as WebAssembly.Memory));
  };
  const forget = () => {
    memories = memories.filter((each) => each.deref() !== undefined);
    forgetAt = Math.max(forgetAtLeast, 2 * memories.length);
  };
  const recorder: SiteRecorder = {
    record: (_bytes, _operation, _above, memory) => see(memory),
    recordAt: (_bytes, _operation, _frames, memory) => see(memory),
  };
  const look = wrapWebAssembly(recorder);
  return () => {
    look();
    forget();
    return memories.reduce((sum, each) => sum + bytesOf(each.deref()), 0);
  };
}

const bytesOf = (memory: WebAssembly.Memory | undefined): number => (memory ? buffer.get!.call(memory).byteLength : 0);
