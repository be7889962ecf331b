// Further ways in which programs keep things, one each: other-keepers.mjs KIND BEFORE AFTER, as keepers.mjs.
import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { watch } from 'node:fs';
import http from 'node:http';
import { PassThrough } from 'node:stream';
import v8 from 'node:v8';
import { MessageChannel } from 'node:worker_threads';

const [kind, before, after] = process.argv.slice(2);

/** Large enough to stand out of what a snapshot itself leaves. */
const thing = (i) => Array.from({ length: 50 }, (_, at) => ({ i, at }));

// A registry that holds what it waits for.
const finalized = new FinalizationRegistry(() => {});
// Weak references whose entries are never removed.
const documents = new Map();
// A stream that is written to and read by nobody.
const auditTrail = new PassThrough();
const shutdown = new AbortController();
const orderChannel = channel('shop:order');
const idSlices = [];
const pictures = [];
const kHistory = Symbol('history');
const socketLike = { [kHistory]: [] };
const { port1, port2 } = new MessageChannel();
const inFlight = new Map();
const agent = new http.Agent({ keepAlive: true });
const tree = { left: null, right: null, size: 0 };
const emitter = new EventEmitter();
const waiting = [];
const histories = new Map();
const [first, second, third] = [new Map(), new Map(), new Map()];
const shelves = Array.from({ length: 30 }, () => ({}));

class Registry {
  static #instances = [];
  static history = new Set();
  constructor(i) {
    this.rows = thing(i);
    Registry.#instances.push(this);
  }
  static note(each) {
    Registry.history.add(each);
  }
}

/** One object that grows, and holds nothing that a snapshot counts. */
class Journal {
  latencies = [];
  #bytes = Buffer.alloc(0);
  static handled = new Set();
  note(i) {
    for (let at = 0; at < 400; at += 1) this.latencies.push(i + at * 0.37);
  }
  append(text) {
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from(text)]);
  }
}
const journal = new Journal();
/** Handles that are still open: nothing needs to have them for them to stay. */
class WatchPool {
  #open = new Set();
  add(watcher) {
    this.#open.add(watcher);
  }
}
const watchPool = new WatchPool();
let samples = new Float64Array(1_000);
let sampled = 0;
const callsPerUser = new Map();

/** As TypeScript writes private fields for engines that have none. */
const _Catalogue_pages = new WeakMap();
class Catalogue {
  constructor() {
    _Catalogue_pages.set(this, new Map());
  }
  keep(key, value) {
    _Catalogue_pages.get(this).set(key, value);
  }
}
const catalogue = new Catalogue();

/** Old keys that others keep, and what grows behind each of them. */
const customers = new Map(Array.from({ length: 20 }, (_, id) => [id, { id }]));
const orders = new WeakMap(Array.from(customers.values(), (customer) => [customer, []]));
class Visits {
  #byCustomer = new WeakMap();
  add(customer, visit) {
    if (!this.#byCustomer.has(customer)) this.#byCustomer.set(customer, new Set());
    this.#byCustomer.get(customer).add(visit);
  }
}
const visits = new Visits();
const sessions = new Map(Array.from({ length: 20 }, (_, tenant) => [tenant, new Set()]));

function rateLimiter() {
  const hits = new Map();
  return (key, value) => void hits.set(key, value);
}
const limit = rateLimiter();

function insert(node, i) {
  const value = { i, rows: thing(i), left: null, right: null };
  let at = node;
  let key = Math.imul(i, 0x9e3779b1) >>> 0;
  for (let depth = 0; ; depth += 1, key >>>= 1) {
    const side = key & 1 ? 'left' : 'right';
    if (!at[side]) {
      at[side] = value;
      node.size += 1;
      return;
    }
    at = at[side];
    if (depth > 30) key = i * 7919;
  }
}

const keepers = {
  registry: (i) => {
    const each = { rows: thing(i) };
    finalized.register({}, each);
    // The registered object itself is held by what it is registered with.
    const owner = { each };
    finalized.register(owner, owner.each && { owner });
  },
  weakrefs: (i) => documents.set(`document ${i} ${'x'.repeat(400)}${i}`, new WeakRef({ i })),
  stream: (i) => void auditTrail.write(`${i} `.repeat(300)),
  abort: (i) => {
    const each = thing(i);
    shutdown.signal.addEventListener('abort', () => each.length);
  },
  diagnostics: (i) => {
    const each = thing(i);
    orderChannel.subscribe(() => each.length);
  },
  slices: (i) => {
    const body = `${i}:`.padEnd(20, '0') + Math.random().toString(36).repeat(200);
    idSlices.push(Buffer.from(body).toString('latin1').slice(0, 20));
  },
  buffers: (i) => pictures.push(Buffer.alloc(20_000, i)),
  symbol: (i) => socketLike[kHistory].push(thing(i)),
  messages: (i) => port1.postMessage(thing(i)),
  inflight: (i) => {
    inFlight.set(
      i,
      (async () => {
        const each = thing(i);
        await new Promise(() => {});
        return each;
      })(),
    );
  },
  statics: (i) => void new Registry(i),
  publicstatic: (i) => Registry.note(thing(i)),
  compiledprivate: (i) => catalogue.keep(i, thing(i)),
  middleware: (i) => limit(i, thing(i)),
  tree: (i) => insert(tree, i),
  exitlisteners: (i) => {
    const each = thing(i);
    process.on('exit', () => each.length);
  },
  agent: (i) => {
    agent.sockets[`host${i}.example:443:`] = [{ rows: thing(i) }];
  },
  histories: (i) => {
    const user = i % 20;
    if (!histories.has(user)) histories.set(user, []);
    histories.get(user).push(thing(i));
  },
  weakvalues: (i) => void orders.get(customers.get(i % 20)).push(thing(i)),
  weakfield: (i) => visits.add(customers.get(i % 20), thing(i)),
  mapofsets: (i) => void sessions.get(i % 20).add(thing(i)),
  three: (i) => [first, second, third][i % 3].set(i, thing(i)),
  scattered: (i) => void (shelves[i % 30][`book ${i}`] = thing(i)),
  numbers: (i) => journal.note(i),
  bytes: (i) => journal.append(`${i}`.padEnd(3_000)),
  ids: (i) => {
    for (let at = 0; at < 300; at += 1) Journal.handled.add(i * 300 + at);
  },
  pairs: (i) => {
    for (let at = 0; at < 300; at += 1) callsPerUser.set(i * 300 + at, at);
  },
  typed: () => {
    for (let at = 0; at < 400; at += 1) {
      if (sampled === samples.length) {
        const larger = new Float64Array(2 * sampled);
        larger.set(samples);
        samples = larger;
      }
      samples[sampled] = at;
      sampled += 1;
    }
  },
  pooled: (i) => watchPool.add(Object.assign(watch(import.meta.dirname), { rows: thing(i) })),
  unpooled: (i) => {
    const rows = thing(i);
    watch(import.meta.dirname, () => rows.length);
  },
  waiters: (i) => {
    const each = thing(i);
    waiting.push(
      new Promise((resolve) => {
        emitter.once('never', () => resolve(each));
      }),
    );
  },
};

process.setMaxListeners(0);
emitter.setMaxListeners(0);
void port2;
// V8 says no names of what a block declares.
{
  const unrelated = [];
  const inABlock = new Map();
  const anotherMap = new Map();
  const state = { unrelated, pending: [] };
  keepers.block = (i) => inABlock.set(i, thing(i));
  keepers.others = () => anotherMap.size;
  keepers.partofblock = (i) => state.pending.push(thing(i));
}
const run = (from, to) => {
  for (let i = from; i < to; i += 1) keepers[kind](i);
};

run(0, 50);
v8.writeHeapSnapshot(before);
run(50, 450);
v8.writeHeapSnapshot(after);
process.exit(0);
