/** Of the streams of a spike, as few as bring enough to provoke one again. Pure. */
import type { Spike, SpikeStream } from '../../reports/model.ts';

/** A spike of this height stands out of any line (`spikes.ts` takes 4 MB, and a tenth of the level) … */
const heightBytes = 16_000_000;
/** … where it is this much of the level that it starts from, too. */
const levelShare = 0.2;

/**
 * The first streams of the list whose part of the height is a spike by itself: memory goes by the bytes that wait behind gaps where most of
 * what came waits, else by all bytes. @returns all of them where the spike is no higher than that
 */
export function provokingStreams({
  streams,
  heightBytes: height,
  baselineBytes,
}: Pick<Spike, 'streams' | 'heightBytes' | 'baselineBytes'>): readonly SpikeStream[] {
  const sum = (weight: (stream: SpikeStream) => number) => streams.reduce((bytes, each) => bytes + weight(each), 0);
  const waiting = sum((stream) => stream.bytesBehindGap);
  const weight = (stream: SpikeStream) =>
    waiting > sum(({ bytes }) => bytes) / 2 ? stream.bytesBehindGap : stream.bytes;
  const wanted = (Math.max(heightBytes, baselineBytes * levelShare) / Math.max(1, height)) * sum(weight);
  let count = 0;
  for (let carried = 0; count < streams.length && carried < wanted; count += 1) carried += weight(streams[count]!);
  return streams.slice(0, count);
}
