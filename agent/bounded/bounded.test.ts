import t from 'tap';
import { hashWords } from './keyed-hash.ts';
import { LinkedLists } from './linked-lists.ts';
import { LruMap } from './lru-map.ts';
import { PageCredit } from './page-credit.ts';
import { heapPageMemory } from './page-memory.ts';
import { PagePool, pageBytes } from './page-pool.ts';

/** Deterministic numbers for the models below. */
function sequence(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % bound;
  };
}

t.test('PagePool hands out every page once and says no after that', (t) => {
  const pool = new PagePool(heapPageMemory(150 * pageBytes), 150);
  const pages = Array.from({ length: 150 }, () => pool.allocate());
  t.same(
    pages,
    Array.from({ length: 150 }, (_, index) => index),
    'lowest first',
  );
  t.equal(pool.allocate(), -1);
  t.equal(pool.refused, 1);
  for (const page of [70, 3, 149]) pool.free(page);
  t.same([pool.allocate(), pool.allocate(), pool.allocate(), pool.allocate()], [3, 70, 149, -1], 'lowest block first');
  t.equal(pool.inUse, 150);
  t.equal(pool.inUsePeak, 150);
  t.throws(() => new PagePool(heapPageMemory(pageBytes), 2), /memory too small/);
  t.end();
});

t.test('PagePool against a model', (t) => {
  const random = sequence(7);
  const pool = new PagePool(heapPageMemory(1000 * pageBytes), 1000, { keepPages: 0 });
  const used = new Set<number>();
  for (let step = 0; step < 50_000; step += 1) {
    if (random(1000) < (step % 10_000) / 10) {
      const page = pool.allocate();
      if (page < 0 && used.size !== 1000) t.fail('refused with pages free');
      else if (page < 0) continue;
      else if (used.has(page) || page >= 1000) t.fail('a page twice');
      else used.add(page);
    } else if (used.size > 0) {
      const page = [...used][random(Math.min(used.size, 5))]!;
      used.delete(page);
      pool.free(page);
    }
    if (random(100) === 0) pool.trim();
    if (pool.inUse !== used.size || pool.resident < used.size) t.fail('counts');
  }
  t.ok(pool.released > 0);
  t.end();
});

t.test('PagePool gives idle blocks back, not at once and not all', (t) => {
  const released: [number, number][] = [];
  const memory = {
    ...heapPageMemory(1024 * pageBytes),
    release: (offset: number, length: number) => void released.push([offset, length]),
  };
  const pool = new PagePool(memory, 1024, { keepPages: 128 });
  const pages = Array.from({ length: 600 }, () => pool.allocate());
  pool.trim();
  t.same(released, [], 'what is in use stays');
  for (const page of pages) pool.free(page);
  t.equal(pool.trim(), 0, 'the first look only notes that they are idle');
  t.equal(pool.trim(), 472, 'the second gives back what is beyond the pages kept');
  t.same(released[0], [128 * pageBytes, 64 * pageBytes]);
  t.equal(released.length, 8);
  t.equal(pool.resident, 128);
  t.equal(pool.trim(), 0, 'once');
  const again = Array.from({ length: 300 }, () => pool.allocate());
  t.equal(new Set(again).size, 300);
  t.equal(pool.resident, 300);
  for (const page of again) pool.free(page);
  pool.trim();
  t.equal(pool.allocate(), 0);
  pool.trim();
  t.equal(pool.resident, 128, 'blocks in use count among those kept');
  t.end();
});

t.test('LinkedLists against arrays', (t) => {
  const random = sequence(3);
  const lists = new LinkedLists(40, 3);
  const model: number[][] = [[], [], []];
  for (let step = 0; step < 20_000; step += 1) {
    const node = random(40);
    const list = random(3);
    for (const one of model) if (one.includes(node)) one.splice(one.indexOf(node), 1);
    if (random(3) === 0) {
      lists.remove(node);
    } else {
      lists.append(list, node);
      model[list]!.push(node);
    }
    if (step % 50 !== 0) continue;
    const seen = [0, 1, 2].map((one) => {
      const nodes: number[] = [];
      for (let at = lists.first(one); at >= 0; at = lists.after(at)) nodes.push(at);
      if (nodes.length !== lists.length(one) || nodes.some((at) => lists.listOf(at) !== one)) t.fail('length or list');
      return nodes;
    });
    if (JSON.stringify(seen) !== JSON.stringify(model)) t.fail(`step ${step}`);
  }
  t.equal(
    lists.listOf(0) >= 0,
    model.some((one) => one.includes(0)),
  );
  t.end();
});

t.test('LruMap against a Map', (t) => {
  const random = sequence(11);
  const map = new LruMap(64, 4, 1, [1, 2]);
  const model = new Map<string, number>();
  const setKey = (number: number) => {
    const words = 2 + (number % 3);
    for (let index = 0; index < words; index += 1) map.key[index] = number * (index + 1);
    return words;
  };
  for (let step = 0; step < 100_000; step += 1) {
    const number = random(150);
    const words = setKey(number);
    const name = String(number);
    const slot = map.find(words);
    if (slot !== (model.get(name) ?? -1)) t.fail(`step ${step}: ${slot} for ${model.get(name)}`);
    if (slot >= 0) {
      if (random(2) === 0) {
        map.remove(slot);
        model.delete(name);
      } else {
        map.lists.append(0, slot);
      }
    } else {
      const inserted = map.insert(words, 0);
      if (model.size === 64 ? inserted !== -1 : inserted < 0) t.fail(`step ${step}: insert`);
      if (inserted >= 0) model.set(name, inserted);
    }
    if (map.size !== model.size || map.lists.length(0) !== model.size) t.fail(`step ${step}: size`);
  }
  t.equal(map.size, model.size);
  t.end();
});

t.test('LruMap: keys of different length differ, and slots keep their key', (t) => {
  const map = new LruMap(4, 3, 2, [5, 6]);
  map.key.set([1, 0, 0]);
  t.equal(map.find(1), -1);
  const slot = map.insert(1, 1);
  t.equal(map.find(2), -1);
  t.equal(map.find(1), slot);
  t.equal(map.keyLength(slot), 1);
  t.equal(map.keyWord(slot, 0), 1);
  t.equal(map.lists.first(1), slot);
  t.end();
});

t.test('the hash is keyed and spreads', (t) => {
  const words = Int32Array.of(1, 2, 3);
  t.not(hashWords(1, 2, words, 3), hashWords(1, 3, words, 3));
  t.not(hashWords(1, 2, words, 3), hashWords(1, 2, words, 2));
  const buckets = new Uint32Array(256);
  for (let port = 0; port < 25_600; port += 1) {
    words[1] = port;
    buckets[hashWords(1, 2, words, 3) & 255]! += 1;
  }
  t.ok(Math.min(...buckets) > 60 && Math.max(...buckets) < 145, 'neighbouring ports fall everywhere');
  t.end();
});

t.test('several pools on one credit: together never more resident than the budget', (t) => {
  const pagesMax = 1024;
  const credit = PageCredit.of(pagesMax);
  const pools = [0, 1, 2].map(() => {
    const memory = heapPageMemory(pagesMax * pageBytes);
    return new PagePool(memory, pagesMax, { keepPages: 0, credit: new PageCredit(credit.shared) });
  });
  const held: number[][] = pools.map(() => []);
  const random = sequence(7);
  let refused = 0;
  for (let step = 0; step < 60_000; step += 1) {
    const which = random(pools.length);
    const pool = pools[which]!;
    const pages = held[which]!;
    // Each in turn grows and shrinks, so that the budget moves between them.
    const isGrowing = Math.floor(step / 3000) % pools.length === which;
    if (isGrowing || (pages.length > 0 && random(5) === 0)) {
      const could = pool.canAllocate(2);
      const page = pool.allocate();
      if (page < 0) refused += 1;
      else pages.push(page);
      if (could && page < 0) t.fail('refused although it could');
    } else if (pages.length > 0) pool.free(pages.splice(random(pages.length), 1)[0]!);
    if (step % 500 === 0) for (const each of pools) each.trim();
    const resident = pools.reduce((sum, each) => sum + each.resident, 0);
    if (resident > pagesMax - credit.left) t.fail(`${resident} resident, ${credit.left} left`);
  }
  t.ok(refused > 0, 'the budget was spent');
  t.equal(credit.least, 0);
  for (const [which, pool] of pools.entries()) {
    t.equal(new Set(held[which]).size, held[which]!.length, 'no page twice');
    for (const page of held[which]!) pool.free(page);
    for (let turn = 0; turn < 3; turn += 1) pool.trim();
  }
  t.equal(credit.left, pagesMax, 'all of it came back');
  t.end();
});
