/** The same bytes in other segments: what offload, small windows and retransmissions make of a stream. */
import type { Random } from '../../../../agent/seeded-random.ts';
import { Segment } from '../../segment.ts';
import { headerBytesOf, isCuttable, writePiece } from '../../segment-pieces.ts';
import { correlatedChance, probability } from '../chance.ts';
import type { Choose, Effect, ImpairmentRow } from '../impairment.ts';
import { type FrameReceiver, MovingFrame } from '../moving-frame.ts';
import { numberOf, percent, type Values } from '../parameters.ts';

/** What two positions in a segment are put together with. */
const two16 = 65_536;

/** Of the segments that can be cut, chosen ones; `how` makes the choice from the length of the payload. */
function ofSegments(values: Values, random: Random, how: (payloadBytes: number) => number): Choose {
  const segment = new Segment();
  const isHit = correlatedChance(random, numberOf(values, 'probability'), 0);
  return ({ bytes, start, end }) => {
    if (!segment.read(bytes, start, end) || !isCuttable(bytes, segment) || segment.payloadBytes >= two16) return 0;
    return isHit() ? how(segment.payloadBytes) : 0;
  };
}

/** Sends chosen segments as pieces; `ranges` says which, from the choice and the length of the payload. */
class Pieces implements Effect {
  readonly #next: FrameReceiver;
  readonly #ranges: (choice: number, payloadBytes: number) => readonly (readonly [number, number])[];
  readonly #segment = new Segment();
  readonly #piece = new MovingFrame();

  constructor(
    next: FrameReceiver,
    ranges: (choice: number, payloadBytes: number) => readonly (readonly [number, number])[],
  ) {
    this.#next = next;
    this.#ranges = ranges;
  }

  take(frame: MovingFrame, choice: number): void {
    const { bytes, start, end } = frame;
    const segment = this.#segment;
    if (choice === 0 || !segment.read(bytes, start, end) || !isCuttable(bytes, segment)) {
      this.#next(frame);
      return;
    }
    const out = new Uint8Array(end - start);
    const headers = headerBytesOf(start, segment);
    for (const [index, [from, to]] of this.#ranges(choice, segment.payloadBytes).entries()) {
      const piece = this.#piece;
      piece.assign(frame);
      piece.bytes = out;
      piece.start = 0;
      piece.end = writePiece(out, bytes, start, segment, from, to, index);
      piece.wireLength = headers + to - from;
      this.#next(piece);
    }
  }
}

export const overlap: ImpairmentRow = {
  name: 'overlap',
  help: 'segments in two that overlap by 1 to BYTES bytes, which are the same in both',
  example: 'overlap=5%/100',
  parameters: [probability, { name: 'bytes', unit: 'bytes', default: 100, min: 1, max: two16 - 1 }],
  isLossy: false,
  describe: ({ probability, bytes }) =>
    `${percent(probability!)} of segments in two that overlap by up to ${bytes} bytes`,
  choose: (values, random) => {
    const most = numberOf(values, 'bytes');
    return ofSegments(values, random, (payloadBytes) => {
      const at = random.integer(1, payloadBytes - 1);
      return at * two16 + random.integer(1, Math.min(most, at));
    });
  },
  open: (_values, next) =>
    new Pieces(next, (choice, payloadBytes) => {
      const at = Math.min(Math.floor(choice / two16), payloadBytes);
      return [
        [0, at],
        [Math.max(at - (choice % two16), 0), payloadBytes],
      ];
    }),
};

export const resegment: ImpairmentRow = {
  name: 'resegment',
  help: 'segments cut in 2 to PIECES',
  example: 'resegment=50%/4',
  parameters: [probability, { name: 'pieces', unit: 'count', default: 4, min: 2, max: 64 }],
  isLossy: false,
  describe: ({ probability, pieces }) => `${percent(probability!)} of segments cut in 2 to ${pieces}`,
  choose: (values, random) => ofSegments(values, random, () => random.u32() + 1),
  open: (values, next) => {
    const most = numberOf(values, 'pieces');
    return new Pieces(next, (choice, payloadBytes) => piecesOf(choice, payloadBytes, most));
  },
};

/** Cuts by the generator of Knuth and Lewis (Numerical Recipes, 7.1), which a choice seeds. */
function piecesOf(choice: number, payloadBytes: number, most: number): [number, number][] {
  let seed = choice | 0;
  const below = (bound: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((seed >>> 0) / 0x1_0000_0000) * bound);
  };
  const cuts = new Set<number>();
  for (let left = 1 + below(most - 1); left > 0; left -= 1) cuts.add(1 + below(payloadBytes - 1));
  const edges = [0, ...[...cuts].sort((a, b) => a - b), payloadBytes];
  return edges.slice(1).map((to, i) => [edges[i]!, to]);
}
