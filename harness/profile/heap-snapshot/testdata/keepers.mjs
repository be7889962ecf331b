// Two heap snapshots of a program that keeps 400 things more in the second: keepers.mjs KIND BEFORE AFTER.
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import v8 from 'node:v8';
import vm from 'node:vm';

const [kind, before, after] = process.argv.slice(2);

class Archive {
  #byKey = new Map();

  keep(key, value) {
    this.#byKey.set(key, value);
  }
}

const archive = new Archive();
const recent = [];
const pool = { idle: new Set() };
const bus = new EventEmitter().setMaxListeners(0);
const gate = new Promise(() => {});
const sandboxes = [];
const chain = { first: null };
const { remember } = createRequire(import.meta.url)('./keeper.cjs');

/** Large enough to stand out of what a snapshot itself leaves. */
const thing = (i) => Array.from({ length: 50 }, (_, at) => ({ i, at }));

const keepers = {
  field: (i) => archive.keep(`key ${i}`, thing(i)),
  variable: (i) => recent.push(thing(i)),
  nested: (i) => pool.idle.add(thing(i)),
  listeners: (i) => {
    const each = thing(i);
    bus.on('change', () => each.length);
  },
  promises: (i) => {
    const each = thing(i);
    gate.then(() => each.length);
  },
  timers: (i) => {
    const each = thing(i);
    setTimeout(() => each.length, 3_600_000).unref();
  },
  contexts: (i) => void (i % 10 === 0 && sandboxes.push(vm.createContext({ i }))),
  list: (i) => {
    chain.first = { next: chain.first, value: thing(i) };
  },
  global: (i) => {
    globalThis.log ??= [];
    globalThis.log.push(thing(i));
  },
  commonjs: (i) => remember(thing(i)),
  nothing: (i) => thing(i).length,
};

const run = (from, to) => {
  for (let i = from; i < to; i += 1) keepers[kind](i);
};

run(0, 50);
v8.writeHeapSnapshot(before);
run(50, 450);
v8.writeHeapSnapshot(after);
