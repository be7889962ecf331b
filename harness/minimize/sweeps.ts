/** What is tried for a whole capture at once, the most first: payloads that are cut, pauses that are shortened. */
import { Segment } from '../traffic/segment.ts';
import { ClosedStreams, emptySides, type SideRanges } from './closed-streams.ts';
import { ConnectionTable } from './connections.ts';
import { ConnectionStreams } from './exchanges.ts';
import { pauseFilter } from './frames.ts';
import { type Between, readCapture } from './rewrite-capture.ts';

export interface Choice {
  readonly words: string;
  readonly filter: Between;
}

export interface Sweep {
  readonly name: string;
  /** The most first: the first that holds is taken. */
  readonly choices: (file: string) => Iterable<Choice>;
}

const payloadBytes = [1, 8, 64, 256, 512, 1_024];

/** Reads the capture with each segment; memory by the number of connections, and of cuts. */
function cutsOf(
  file: string,
  most: number,
): { streams: ConnectionStreams[]; removed: Map<number, SideRanges>; longest: number } {
  const table = new ConnectionTable();
  const segment = new Segment();
  const streams: ConnectionStreams[] = [];
  const removed = new Map<number, SideRanges>();
  let longest = 0;
  readCapture(file, {
    frame(bytes, start, end, wireLength) {
      const number = table.connectionOf(bytes, start, end, wireLength);
      const stream = (streams[number] ??= new ConnectionStreams());
      if (!segment.read(bytes, start, end)) return;
      const side = table.isForward ? 0 : 1;
      const offset = stream.offset(side, segment.sequence);
      const length = segment.payloadEnd - segment.payloadStart;
      if (length > longest) longest = length;
      if (length <= most || most === 0) return;
      let sides = removed.get(number);
      if (!sides) removed.set(number, (sides = emptySides()));
      sides[side].add(offset + most, offset + length);
    },
  });
  return { streams, removed, longest };
}

export const payloads: Sweep = {
  name: 'payloads',
  *choices(file) {
    const { longest } = cutsOf(file, 0);
    for (const most of payloadBytes) {
      if (most >= longest) return;
      const { streams, removed } = cutsOf(file, most);
      yield {
        words: `segments cut to ${most} byte${most === 1 ? '' : 's'}`,
        filter: (out) => new ClosedStreams(streams, removed, out),
      };
    }
  },
};

const pausesUs = [100, 1_000, 10_000, 100_000];
/** Shorter captures are not worth a trial. */
const secondsMin = 2;

export const pauses: Sweep = {
  name: 'pauses',
  *choices(file) {
    let first: number | undefined;
    let last = 0;
    readCapture(file, {
      frame(_bytes, _start, _end, _wireLength, tsUs) {
        first ??= tsUs;
        last = tsUs;
      },
    });
    if (first === undefined || last - first < secondsMin * 1e6) return;
    for (const most of pausesUs) {
      yield { words: `pauses of at most ${most / 1000} ms`, filter: (out) => pauseFilter(most, out) };
    }
  },
};
