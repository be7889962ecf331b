// A target that allocates known amounts at known lines, on and off the heap, and says at SIGTERM what each site made:
// lines "site NAME BYTES" on standard error. Every site stands in a function of its own. With an argument it measures
// itself instead: lines "grew NAME BYTES TRUTH", what V8 says the heap grew by in one call, and what the site counted.
import { getHeapStatistics } from 'node:v8';
import { createDeflate, deflateSync } from 'node:zlib';

const made = new Map();
const count = (name, bytes) => made.set(name, (made.get(name) ?? 0) + bytes);
let sink;

/** A packed array of 1,024 doubles: 8,192 bytes of elements, a header of 16, and the array object of 32. */
function doubles() {
  for (let i = 0; i < 60; i++) sink = new Array(1024).fill(0.5);
  count('doubles', 60 * (8192 + 16 + 32));
}

function small() {
  // An object of two fields: map, properties, elements and the fields, 8 bytes each.
  for (let i = 0; i < 8000; i++) sink = { a: 1, b: i };
  count('small', 8000 * 40);
}

/** Strings of one-byte characters: a header of 16 (map, hash, length) and the characters, in multiples of 8. */
function strings() {
  for (let i = 0; i < 40; i++) sink = text.latin1Slice(0, 5_000 + (i & 7));
  for (let i = 0; i < 40; i++) count('strings', align8(16 + 5_000 + (i & 7)));
}
const align8 = (bytes) => Math.ceil(bytes / 8) * 8;

/** Ropes: a cons string is map, hash and length, and two halves: 32 bytes; no code reads them, so they are never flat. */
function ropes() {
  let rope = left;
  for (let i = 0; i < 4_000; i++) rope += right;
  sink = rope;
  count('ropes', 4_000 * 32);
}
const left = 'left half, long enough';
const right = 'right half, long enough';

/** A closure of 56 bytes over a context of its own: a header of 16, two slots and one variable, 8 each. */
function closures() {
  for (let i = 0; i < 2_000; i++) {
    const kept = i;
    sink = () => kept;
  }
  count('closures', 2_000 * (56 + 40));
}

function bufferAlloc() {
  for (let i = 0; i < 12; i++) sink = Buffer.alloc(65_536);
  count('bufferAlloc', 12 * 65_536);
}

function bufferUnsafe() {
  for (let i = 0; i < 4; i++) sink = Buffer.allocUnsafe(100_000);
  count('bufferUnsafe', 4 * 100_000);
}

/** Two lines of one function, which only a profile by line can separate. */
function bothLines() {
  for (let i = 0; i < 3; i++) sink = Buffer.alloc(40_000); // line one
  for (let i = 0; i < 3; i++) sink = new Uint8Array(80_000); // line two
  count('bothLines', 3 * 120_000);
}

/** Cut from a shared pool; the object that shows its part is on the heap and larger than it. */
function bufferPooled() {
  for (let i = 0; i < 300; i++) sink = Buffer.from('a string of some forty bytes, more or less');
  count('bufferPooled', 300 * (104 + 42));
}

function arrayBuffer() {
  for (let i = 0; i < 3; i++) sink = new ArrayBuffer(250_000);
  count('arrayBuffer', 3 * 250_000);
}

function typedArray() {
  for (let i = 0; i < 20; i++) sink = new Float64Array(4_096);
  count('typedArray', 20 * 32_768);
}

function sliced() {
  const whole = big.slice(0, 200_000);
  sink = whole;
  count('sliced', 200_000);
}
const big = new Uint8Array(400_000);

const text = Buffer.from('known text, '.repeat(1_000));

/** Streams that get no input: native state alone, and an output buffer of 16 KiB that they make at once. */
function zlibStreams() {
  for (let i = 0; i < 2; i++) sink = createDeflate();
  count('zlibStreams', 2 * (2 ** 17 + 2 ** 17 + 5_936 + 16_384));
}

/** Deflates into one buffer of 16 KiB and copies what came out. */
function zlibSync() {
  sink = deflateSync(text);
  count('zlibSync', 2 ** 17 + 2 ** 17 + 5_936 + 16_384 + sink.length);
}

const onHeap = [doubles, small, strings, ropes, closures];
const offHeap = [bufferAlloc, bufferUnsafe, bothLines, bufferPooled, arrayBuffer, typedArray, sliced, zlibStreams, zlibSync];

function measure() {
  const used = () => getHeapStatistics().used_heap_size;
  for (const site of onHeap) {
    for (let i = 0; i < 3; i++) site();
    // The least of several rounds: a compiler that is at work in one of them only adds.
    let grew = Number.POSITIVE_INFINITY;
    let counted = 0;
    for (let round = 0; round < 7; round++) {
      const before = used();
      const countedBefore = made.get(site.name);
      for (let i = 0; i < 10; i++) site();
      grew = Math.min(grew, used() - before);
      counted = made.get(site.name) - countedBefore;
    }
    process.stderr.write(`grew ${site.name} ${grew} ${counted}\n`);
  }
}

if (process.argv.length > 2) measure();
else {
  setInterval(() => {
    for (const site of onHeap) site();
    for (const site of offHeap) site();
  }, 5);
  process.on('SIGTERM', () => {
    for (const [name, bytes] of made) process.stderr.write(`site ${name} ${bytes}\n`);
    process.exit(sink ? 0 : 1);
  });
  process.stderr.write('ready\n');
}
