/** `node agent/bounded/bounded.bench.ts`: nanoseconds of CPU an operation of the bounded structures, median of five. */
import { hashWords } from './keyed-hash.ts';
import { LruMap } from './lru-map.ts';
import { heapPageMemory } from './page-memory.ts';
import { PagePool, pageBytes } from './page-pool.ts';

const operations = 2_000_000;

function measure(name: string, run: () => number): void {
  const times: number[] = [];
  let result = 0;
  for (let repeat = 0; repeat < 5; repeat += 1) {
    const start = process.cpuUsage();
    result += run();
    times.push((process.cpuUsage(start).user * 1e3) / operations);
  }
  times.sort((a, b) => a - b);
  process.stdout.write(`${name}: ${times[2]!.toFixed(1)} ns (${result === 0 ? 'nothing done' : 'checked'})\n`);
}

const words = Int32Array.of(4, 0, 80, 0x0a000001, 0x0a000002);
measure('keyed hash of an IPv4 flow', () => {
  let sum = 1;
  for (let count = 0; count < operations; count += 1) {
    words[3] = count;
    sum ^= hashWords(1, 2, words, 5);
  }
  return sum | 1;
});

for (const flows of [1000, 60_000]) {
  const map = new LruMap(65_536, 11, 3, [1, 2]);
  const setKey = (flow: number) => {
    map.key[0] = 4;
    map.key[2] = flow;
    map.key[3] = Math.imul(flow, 0x9e3779b1);
  };
  for (let flow = 0; flow < flows; flow += 1) {
    setKey(flow);
    map.find(5);
    map.insert(5, 0);
  }
  measure(`find and touch one of ${flows} flows`, () => {
    let found = 0;
    for (let count = 0; count < operations; count += 1) {
      setKey(Math.imul(count, 7919) % flows);
      const slot = map.find(5);
      if (slot >= 0) {
        map.lists.append(0, slot);
        found += 1;
      }
    }
    return found;
  });
}

const pool = new PagePool(heapPageMemory(16_384 * pageBytes), 16_384);
const pages = new Int32Array(64);
measure('take and give back a page', () => {
  for (let count = 0; count < operations; count += 64) {
    for (let index = 0; index < 64; index += 1) pages[index] = pool.allocate();
    for (let index = 0; index < 64; index += 1) pool.free(pages[index]!);
  }
  return pool.inUsePeak;
});
