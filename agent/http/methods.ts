/** Request methods this layer knows by heart: they are recognised without making strings, and trusted after a loss. */

/** IANA's method registry, and what UPnP, WebDAV caches and proxies send. */
export const METHODS: readonly string[] = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'CONNECT',
  'TRACE',
  'ACL',
  'BASELINE-CONTROL',
  'BIND',
  'CHECKIN',
  'CHECKOUT',
  'COPY',
  'LABEL',
  'LINK',
  'LOCK',
  'MERGE',
  'MKACTIVITY',
  'MKCALENDAR',
  'MKCOL',
  'MKREDIRECTREF',
  'MKWORKSPACE',
  'MOVE',
  'ORDERPATCH',
  'PROPFIND',
  'PROPPATCH',
  'QUERY',
  'REBIND',
  'REPORT',
  'SEARCH',
  'UNBIND',
  'UNCHECKOUT',
  'UNLINK',
  'UNLOCK',
  'UPDATE',
  'UPDATEREDIRECTREF',
  'VERSION-CONTROL',
  'M-SEARCH',
  'NOTIFY',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'PURGE',
  'SOURCE',
  'BCOPY',
  'BDELETE',
  'BMOVE',
  'BPROPFIND',
  'BPROPPATCH',
  'POLL',
  'RPC_IN_DATA',
  'RPC_OUT_DATA',
  'CCM_POST',
];

export const METHOD_BYTES_MAX = 32;

const codes: readonly Uint8Array[] = METHODS.map((method) => Uint8Array.from(method, (c) => c.charCodeAt(0)));
/** Indices into METHODS by first byte. */
const byFirst: readonly number[][] = Array.from({ length: 256 }, () => []);
/** The same by last byte. */
const byLast: readonly number[][] = Array.from({ length: 256 }, () => []);
for (const [index, code] of codes.entries()) {
  byFirst[code[0]!]!.push(index);
  byLast[code.at(-1)!]!.push(index);
}

/** Index into METHODS of `bytes[start, end)`, or −1. */
export function methodIndex(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const candidates = byFirst[bytes[start] as number] as readonly number[];
  for (let i = 0; i < candidates.length; i++) {
    const index = candidates[i] as number;
    const code = codes[index] as Uint8Array;
    if (code.length !== length) continue;
    let at = 1;
    while (at < length && code[at] === bytes[start + at]) at++;
    if (at === length) return index;
  }
  return -1;
}

/** Where the longest known method that ends at `end` starts, not before `from`; −1 where none does. */
export function methodStartBefore(bytes: Uint8Array, from: number, end: number): number {
  let best = -1;
  if (end <= from) return best;
  for (const index of byLast[bytes[end - 1]!]!) {
    const code = codes[index]!;
    const start = end - code.length;
    if (start < from || (best >= 0 && start >= best)) continue;
    let at = 0;
    while (at < code.length && code[at] === bytes[start + at]) at++;
    if (at === code.length) best = start;
  }
  return best;
}

/** Whether `bytes[start, end)` is the beginning of a known method (or all of it). */
export function isMethodPrefix(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  const candidates = byFirst[bytes[start] as number] as readonly number[];
  for (let i = 0; i < candidates.length; i++) {
    const code = codes[candidates[i] as number] as Uint8Array;
    if (code.length < length) continue;
    let at = 1;
    while (at < length && code[at] === bytes[start + at]) at++;
    if (at === length) return true;
  }
  return false;
}
