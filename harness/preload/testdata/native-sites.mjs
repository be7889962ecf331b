// Makes native memory of known amounts in functions of known names, and prints what the wrappers saw of it.
import zlib, { createBrotliCompress } from 'node:zlib';

const { installOffHeapSites } = await import(process.argv[2]);
const sites = installOffHeapSites(1, process.argv[3]);
const page = 65_536;
const kept = [];

function madeMemory() {
  kept.push(new WebAssembly.Memory({ initial: 16 }));
}

function grownMemory() {
  kept[0].grow(32);
}

// (module (memory (export "m") 1) (func (export "grow") (drop (memory.grow (i32.const 10)))))
const code = Uint8Array.from(
  '0061736d0100000001040160000003020100050301000107 0c02016d02000467726f770000'.replaceAll(' ', '').match(/../g),
  (pair) => Number.parseInt(pair, 16),
);
const body = Uint8Array.from([0x0a, 0x09, 0x01, 0x07, 0x00, 0x41, 0x0a, 0x40, 0x00, 0x1a, 0x0b]);
const module = Uint8Array.from([...code, ...body]);

async function insideMemory() {
  const { instance } = await WebAssembly.instantiate(module);
  kept.push(instance);
  // By an instruction of its own.
  instance.exports.grow();
}

let lookedAt;

async function makeLookedAt() {
  lookedAt = (await WebAssembly.instantiate(module)).instance.exports;
}

/** As the code that tools generate does: what a module returns lies in its memory. */
function lookedAtMemory() {
  lookedAt.grow();
  kept.push(new Uint8Array(lookedAt.m.buffer));
}

function brotliStream() {
  kept.push(createBrotliCompress());
}

function zstdStream() {
  if (zlib.createZstdCompress) kept.push(zlib.createZstdCompress());
}

madeMemory();
grownMemory();
await insideMemory();
await makeLookedAt();
lookedAtMemory();
brotliStream();
zstdStream();
const seen = {};
for (const { bytes, frames } of sites.take()) {
  const name = frames.find(({ functionName }) => /Memory|Stream$/.test(functionName) && functionName !== 'growMemory')?.functionName;
  if (name) seen[name] = (seen[name] ?? 0) + bytes;
}
console.log(JSON.stringify({ seen, page, kept: kept.length }));
