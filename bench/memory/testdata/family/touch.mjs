// Memory of known amounts: `touch(bytes)` writes to every page of a buffer, `doubles(bytes)` fills the heap. `begun()` resolves when the
// run's load begins: it writes the file "go".
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const pageBytes = 4096;

export function touch(bytes) {
  const view = new Uint8Array(new ArrayBuffer(bytes));
  for (let at = 0; at < bytes; at += pageBytes) view[at] = 1;
  return view;
}

const some = Array.from({ length: 125_000 }, (_, i) => i + 0.5);
/** Eight for each of them: large enough that no collection moves it. */
const someBytes = 1_000_000;

/** Lists of doubles, copied: each has the size of its numbers. @param bytes a multiple of a megabyte */
export function doubles(bytes) {
  return Array.from({ length: bytes / someBytes }, () => some.slice());
}

export async function begun() {
  while (!existsSync('go')) await pause(20);
}
