// `node tops.mjs COUNT HOLD_MS BYTES`: touches so many bytes, holds them, gives them back at once, and rests; then says "done".
import { setTimeout as pause } from 'node:timers/promises';

const [count, holdMs, bytes] = process.argv.slice(2).map(Number);
console.log('ready');
process.stdin.once('data', async () => {
  for (let i = 0; i < count; i += 1) {
    const top = new ArrayBuffer(bytes);
    const view = new Uint8Array(top);
    for (let at = 0; at < bytes; at += 4096) view[at] = 1;
    await pause(holdMs);
    // Its pages go back to the system at once: no collection is waited for.
    top.transfer(0);
    await pause(250);
  }
  console.log('done');
});
