/** What a service answers to an upgrade, or to CONNECT: it writes to the connection itself, and only the first bytes have its status. */
import type { Socket } from './client-connections.ts';

type Write = (this: Writing, ...words: unknown[]) => unknown;

interface Writing {
  _writeGeneric?: Write;
}

/** `HTTP/1.1 101` */
const headLength = 12;

/**
 * Watches the first answer of a connection that was handed over.
 * @param answered its status; undefined where what was written is no HTTP
 */
export function watchFirstAnswer(socket: Socket & Writing, answered: (status: number | undefined) => void): void {
  const write = socket._writeGeneric;
  // Of a stream that is no socket nothing is known.
  if (!write) return;
  let head = '';
  socket._writeGeneric = function (...words) {
    head += beginning(words[1]);
    if (head.length >= headLength) {
      this._writeGeneric = write;
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
      answered(status === undefined ? undefined : Number(status));
    }
    return write.apply(this, words);
  };
}

/** Of one piece, or of several that are written at once. */
function beginning(data: unknown): string {
  if (typeof data === 'string') return data.slice(0, headLength);
  if (data instanceof Uint8Array) return String.fromCharCode(...data.subarray(0, headLength));
  if (!Array.isArray(data)) return '';
  return data
    .slice(0, headLength)
    .map((each: unknown) => beginning((each as { chunk?: unknown }).chunk ?? each))
    .join('')
    .slice(0, headLength);
}
