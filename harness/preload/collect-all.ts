/** Collects all garbage of the isolate, also where V8 was started without `--expose-gc`. */
import v8 from 'node:v8';
import vm from 'node:vm';

let collect: ((options?: object) => void) | undefined;

/** V8's own `gc`, which it gives to contexts made after the flag was set: the target's global object has none. */
export function collectAll(): void {
  if (!collect) {
    v8.setFlagsFromString('--expose-gc');
    collect = vm.runInNewContext('gc') as (options?: object) => void;
  }
  // Without options each version collects all: V8 of Node.js 20 knows no flavors, and collects little for them.
  collect();
  if (v8.getHeapStatistics().used_heap_size > preciseBytesMax) return;
  // Several collections in one, until the last finds no more to free.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  collect();
}

/** What one collection leaves behind of finalizers and weak references is small beside a larger heap, and each takes long there. */
const preciseBytesMax = 48_000_000;
