// Memory of known amounts: `touch(bytes)` writes to every page of a buffer, `doubles(bytes)` fills the heap.
const pageBytes = 4096;

export function touch(bytes) {
  const view = new Uint8Array(new ArrayBuffer(bytes));
  for (let at = 0; at < bytes; at += pageBytes) view[at] = 1;
  return view;
}

/** An array of doubles has 8 bytes for each, and is too large to be moved by collections. */
export function doubles(bytes) {
  const count = bytes / 8;
  const list = new Array(count);
  for (let i = 0; i < count; i += 1) list[i] = i + 0.5;
  return list;
}
