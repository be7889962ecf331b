/** A look through a capture before it is sent: frames that no TAP device takes are refused with a way out, and not in the middle of a run. */
import { FloodgateError } from '../../agent/errors.ts';
import { formatCount } from '../../reports/format.ts';
import { frameBytesMax, frameBytesMin } from '../link/tap-device.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';

/** About two seconds of reading: what lies behind it is counted when it is sent, and `dropped.frames` judges it. */
const framesMax = 1_000_000;
const bytesMax = 1_000_000_000;

/**
 * Reads the first round as it will be edited, impairments left out: they lengthen no frame.
 * @throws FloodgateError `frames-refused` that names the first such frame, or what opening the traffic throws
 */
export async function refuseUntakeable(order: TrafficOrder): Promise<void> {
  if (order.kind !== 'recording') return;
  const traffic = await openTraffic({ ...order, loops: 1, end: undefined, impair: undefined, countsMessages: false });
  const found = { frames: 0, bytes: 0, short: 0, long: 0, first: 0, firstBytes: 0 };
  const sink = {
    frame(_bytes: Uint8Array, start: number, end: number): void {
      const length = end - start;
      found.frames += 1;
      found.bytes += length;
      if (length >= frameBytesMin && length <= frameBytesMax) return;
      if (length < frameBytesMin) found.short += 1;
      else found.long += 1;
      if (found.first > 0) return;
      found.first = found.frames;
      found.firstBytes = length;
    },
  };
  try {
    while (found.frames < framesMax && found.bytes < bytesMax && traffic.read(sink, 4_096) >= 0);
  } finally {
    traffic.close();
  }
  const { short, long, first, firstBytes, frames } = found;
  if (first === 0) return;
  const filters = [...(short > 0 ? ['greater 14'] : []), ...(long > 0 ? ['less 65535'] : [])].join(' and ');
  throw new FloodgateError(
    'frames-refused',
    `${order.path}: a TAP device takes frames of ${frameBytesMin} to ${formatCount(frameBytesMax)} bytes, and ${formatCount(short + long)} of ` +
      `${formatCount(frames)} are not: the first is frame ${formatCount(first)} with ${formatCount(firstBytes)}`,
    {
      hint:
        `Leave them out (--filter "${filters}"), ${long > 0 ? 'cut them (--snap 65535), ' : ''}send them over a pipe (--lane exact), ` +
        `or let them be refused: --budget dropped.frames=${short + long}.`,
    },
  );
}
