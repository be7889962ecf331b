// `node tops.mjs COUNT HOLD_MS BYTES`: touches so many bytes, holds them, gives them back at once, rests, and again. It is ready after two
// such tops, which bring compiled code, and begins when there is a file "go". What was done is in tops.json, at the end.
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const [count, holdMs, bytes] = process.argv.slice(2).map(Number);
const pageBytes = 4096;
const restMs = 250;
const beginMs = 1_000;

/** @returns for how long all of it was there */
async function top() {
  const buffer = new ArrayBuffer(bytes);
  const view = new Uint8Array(buffer);
  for (let at = 0; at < bytes; at += pageBytes) view[at] = 1;
  const fromMs = performance.now();
  await pause(holdMs);
  const heldMs = performance.now() - fromMs;
  // Its pages go back to the system at once: no collection is waited for.
  buffer.transfer(0);
  await pause(restMs);
  return heldMs;
}

await top();
await top();
console.log('ready');
while (!existsSync('go')) await pause(20);
// The load that writes it begins a moment before its phase does.
await pause(beginMs);
const heldMs = [];
for (let i = 0; i < count; i += 1) heldMs.push(await top());
writeFileSync('tops.new', JSON.stringify(heldMs));
renameSync('tops.new', 'tops.json');
// The run ends when its load does.
setInterval(() => {}, 60_000);
