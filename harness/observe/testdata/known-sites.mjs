// A target that allocates known amounts at known lines, on and off the heap, and says at SIGTERM what each site made:
// lines "site NAME BYTES" on standard error. Every site stands in a function of its own.
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

function bufferAlloc() {
  for (let i = 0; i < 12; i++) sink = Buffer.alloc(65_536);
  count('bufferAlloc', 12 * 65_536);
}

function bufferUnsafe() {
  for (let i = 0; i < 4; i++) sink = Buffer.allocUnsafe(100_000);
  count('bufferUnsafe', 4 * 100_000);
}

function bufferPooled() {
  for (let i = 0; i < 300; i++) sink = Buffer.from('a string of some forty bytes, more or less');
  count('bufferPooled', 300 * 42);
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

/** Streams that nobody feeds: native state alone, and an output buffer of 16 KiB that they make at once. */
function zlibStreams() {
  for (let i = 0; i < 2; i++) sink = createDeflate();
  count('zlibStreams', 2 * (2 ** 17 + 2 ** 17 + 5_936 + 16_384));
}

/** Deflates into one buffer of 16 KiB and copies what came out. */
function zlibSync() {
  sink = deflateSync(text);
  count('zlibSync', 2 ** 17 + 2 ** 17 + 5_936 + 16_384 + sink.length);
}

setInterval(() => {
  doubles();
  small();
  bufferAlloc();
  bufferUnsafe();
  bufferPooled();
  arrayBuffer();
  typedArray();
  sliced();
  zlibStreams();
  zlibSync();
}, 5);
process.on('SIGTERM', () => {
  for (const [name, bytes] of made) process.stderr.write(`site ${name} ${bytes}\n`);
  process.exit(sink ? 0 : 1);
});
process.stderr.write('ready\n');
