// `node tops.mjs COUNT HOLD_MS BYTES`: touches so many bytes, holds them, gives them back at once, and rests; then says "done".
import { setTimeout as pause } from 'node:timers/promises';

const [count, holdMs, bytes] = process.argv.slice(2).map(Number);
async function top() {
  const buffer = new ArrayBuffer(bytes);
  const view = new Uint8Array(buffer);
  for (let at = 0; at < bytes; at += 4096) view[at] = 1;
  await pause(holdMs);
  // Its pages go back to the system at once: no collection is waited for.
  buffer.transfer(0);
  await pause(250);
}

// The first brings compiled code, and timers.
await top();
await top();
console.log('ready');
process.stdin.once('data', async () => {
  for (let i = 0; i < count; i += 1) await top();
  console.log('done');
});
