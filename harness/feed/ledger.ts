/** Delivered = sent, proved: what the sender counted against what the link counted by itself. */
import type { LinkCounters } from '../link/link.ts';

export interface SendLedger {
  /** Frames offered to the link, and the sum of their lengths. */
  readonly framesSent: number;
  readonly bytesSent: number;
  /** Of these, refused by it. */
  readonly framesRefused: number;
  readonly bytesRefused: number;
  /** By the link's own account. */
  readonly link: LinkCounters;
  /** Whether the link took exactly what it was sent. */
  readonly balanced: boolean;
  /** One line: "1,025,301 frames, 1,002.3 MB sent and delivered", or what is missing. */
  readonly summary: string;
}

export interface SentTotals {
  readonly framesSent: number;
  readonly bytesSent: number;
  readonly framesRefused: number;
  readonly bytesRefused: number;
}

/** Closes the books: `before` and `after` are the link's counters around the sending. */
export function balance(sent: SentTotals, before: LinkCounters, after: LinkCounters): SendLedger {
  const link = {
    frames: after.frames - before.frames,
    bytes: after.bytes - before.bytes,
    dropped: after.dropped - before.dropped,
  };
  const missing = sent.framesSent - link.frames;
  const balanced = missing === 0 && sent.bytesSent === link.bytes && link.dropped === 0 && sent.framesRefused === 0;
  const count = (value: number) => value.toLocaleString('en-US');
  const megabytes = (sent.bytesSent / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 });
  const summary = balanced
    ? `${count(sent.framesSent)} frames, ${megabytes} MB sent and delivered`
    : `${count(sent.framesSent)} frames, ${megabytes} MB sent; the link took ${count(link.frames)} frames, ` +
      `${count(link.bytes)} of ${count(sent.bytesSent)} bytes, refused ${count(sent.framesRefused)}, dropped ${count(link.dropped)}`;
  return { ...sent, link, balanced, summary };
}
