/** What can be left out of a capture, coarse first: connections, exchanges, kinds of frames, frames, payloads, pauses. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { ClosedStreams, emptySides, type SideRanges } from './closed-streams.ts';
import { ConnectionWeights, connectionFilter, otherFrames } from './connections.ts';
import { ExchangeIndex } from './exchanges.ts';
import { FrameIndex, frameFilter, frameKindNames } from './frames.ts';
import { type Growth, GrowthShares } from './growth.ts';
import type { Promised } from './reduce.ts';
import { readCapture } from './rewrite-capture.ts';
import { pauses, payloads, type Sweep } from './sweeps.ts';

/** Units of one level over one capture. */
export interface LevelUnits {
  readonly weights: ArrayLike<number>;
  /** What is likely to matter first. */
  readonly order: readonly number[];
  /** Frames with only these units. */
  readonly filter: (kept: readonly number[], out: FrameSink) => FrameSink;
  /** What memory may go by. */
  readonly promises: readonly Promised[];
  /** Smallest part that is tried alone, of the whole. */
  readonly grainShare: number;
}

export interface Level {
  readonly name: string;
  /**
   * @param guess names of connections that are likely to matter @param growth of a run of the file
   * @returns undefined where there is nothing to choose
   */
  readonly open: (file: string, guess: ReadonlySet<string>, growth: Growth | undefined) => LevelUnits | undefined;
}

function indexed<T extends FrameSink>(file: string, index: T): T {
  readCapture(file, index);
  return index;
}

/** A byte a unit, 1 where it is kept. */
function bitmap(length: number, kept: readonly number[]): Uint8Array {
  const bits = new Uint8Array(length);
  for (const unit of kept) bits[unit] = 1;
  return bits;
}

/**
 * Guesses that say nothing are left out. What small units sent between the frames of a large one shares its growth, and promises as much for a
 * byte: units are guessed by what they gained in all, too.
 */
function promised(
  gained: ArrayLike<number> | undefined,
  guesses: Readonly<Record<string, ArrayLike<number>>>,
): Promised[] {
  const all: Promised[] = Object.entries(guesses).map(([name, values]) => ({ name, values }));
  if (gained)
    all.unshift(
      { name: 'what memory rose with most', values: gained, byAmount: true },
      { name: 'what was sent while memory rose', values: gained },
    );
  return all.filter(({ values }) => Array.prototype.some.call(values, (value: number) => value > 0));
}

const connections: Level = {
  name: 'connections',
  open(file, guess, growth) {
    const index = indexed(file, new ConnectionWeights(growth));
    const { weights } = index;
    const present = [...weights.keys()].filter((number) => weights[number]!.frames > 0);
    if (present.length < 2) return undefined;
    const isGuessed = (number: number) => guess.has(weights[number]!.name);
    const rank = (number: number) => (number === otherFrames ? 2 : isGuessed(number) ? 0 : 1);
    const bytes = weights.map((weight) => weight.bytes);
    return {
      weights: bytes,
      order: present.sort((a, b) => rank(a) - rank(b) || weights[b]!.bytes - weights[a]!.bytes),
      filter: (kept, out) => connectionFilter(new Set(kept), out),
      promises: promised(index.gained(), {
        'open at the top': weights.map((weight) => weight.openAtTop),
        'bytes behind gaps': weights.map((weight) => weight.behindGap),
        'streams of the spike': bytes.map((each, number) => (isGuessed(number) ? each : 0)),
        'connections, whatever they say': weights.map((_, number) => Number(number !== otherFrames)),
        bytes,
      }),
      grainShare: 0.005,
    };
  },
};

const exchanges: Level = {
  name: 'exchanges',
  open(file, _guess, growth) {
    const index = indexed(file, new ExchangeIndex(growth));
    const { connections: owners, streams } = index;
    if (owners.length < 2) return undefined;
    return {
      weights: index.bytes,
      order: [...owners.keys()],
      filter: (kept, out) => {
        const isKept = bitmap(owners.length, kept);
        const removed = new Map<number, SideRanges>();
        for (const [number, stream] of streams.entries()) {
          if (!stream) continue;
          const sides = emptySides();
          for (const [at, exchange] of stream.exchanges.entries()) {
            if (isKept[exchange]) continue;
            for (const side of [0, 1] as const) {
              const next = stream.starts[(at + 1) * 2 + side] ?? Number.MAX_SAFE_INTEGER;
              sides[side].add(stream.starts[at * 2 + side]!, next);
            }
          }
          if (!sides[0].isEmpty || !sides[1].isEmpty) removed.set(number, sides);
        }
        return new ClosedStreams(streams, removed, out);
      },
      promises: promised(index.gained(), { bytes: index.bytes }),
      grainShare: 0.005,
    };
  },
};

const kinds: Level = {
  name: 'kinds of frames',
  open(file) {
    const index = indexed(file, new FrameIndex());
    const weights = frameKindNames.map(() => 0);
    for (let unit = 0; unit < index.units; unit += 1) weights[index.kindOf(unit)]! += index.bytesOf(unit);
    const present = [...weights.keys()].filter((kind) => weights[kind]! > 0);
    if (present.length < 2) return undefined;
    return {
      weights,
      order: present,
      filter: (kept, out) => {
        const bits = new Uint8Array(index.units);
        for (let unit = 0; unit < bits.length; unit += 1) bits[unit] = Number(kept.includes(index.kindOf(unit)));
        return frameFilter(bits, out);
      },
      promises: promised(undefined, { bytes: weights }),
      grainShare: 0,
    };
  },
};

const frames: Level = {
  name: 'frames',
  open(file, _guess, growth) {
    const index = indexed(file, new FrameIndex());
    if (index.units < 2) return undefined;
    const weights = Uint32Array.from({ length: index.units }, (_, unit) => index.bytesOf(unit));
    const shares = growth && new GrowthShares(growth);
    if (shares) for (const [unit, bytes] of weights.entries()) shares.add(unit, bytes);
    return {
      weights,
      order: [...weights.keys()],
      filter: (kept, out) => frameFilter(bitmap(index.units, kept), out),
      promises: promised(shares?.values(), { bytes: weights }),
      grainShare: 0.01,
    };
  },
};

/**
 * In their order: pauses as soon as most is gone, since a device takes as long as the traffic did; payloads before single frames, since what
 * is left then is tried the faster, and early once more: where a segment is held in a page of its own, a byte of it is enough. Connections once
 * more behind both: what is held for a time is held together then, and less of it is enough.
 */
export const frameLevels: readonly (Level | Sweep)[] = [
  connections,
  pauses,
  payloads,
  connections,
  exchanges,
  kinds,
  payloads,
  frames,
  pauses,
];
/** Of requests that are sent at a service, only whole ones mean anything. */
export const requestLevels: readonly Level[] = [connections, exchanges];
