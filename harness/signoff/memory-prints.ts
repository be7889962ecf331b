/**
 * Stretches of a run's resident memory by which it is known again, wherever they stand and whatever was added to all of them: how it moved,
 * in pages, from one reading to the next. Pure.
 */

const pageBytes = 4096;
/** Moves in a stretch, without the readings between which nothing moved, … */
const movesInOne = 16;
/** … of which so many differ: memory that grows evenly is alike in every run. */
const distinctMin = 10;
/** Of one run: those with the smallest digests, so that two runs keep the same ones of what they have in common. */
const printsMax = 64;

/** @param bytes one a millisecond, or one a sample @returns digests of up to 53 bits */
export function memoryPrints(bytes: readonly number[]): number[] {
  const moves = bytes
    .slice(1)
    .map((each, at) => Math.round((each - bytes[at]!) / pageBytes))
    .filter((pages) => pages !== 0);
  /** How often each move is in the stretch. */
  const counts = new Map<number, number>();
  const prints = new Set<number>();
  const count = (move: number | undefined, by: number) => {
    if (move === undefined) return;
    const now = (counts.get(move) ?? 0) + by;
    if (now === 0) counts.delete(move);
    else counts.set(move, now);
  };
  for (let end = 0; end < moves.length; end += 1) {
    count(moves[end], 1);
    count(moves[end - movesInOne], -1);
    if (end + 1 >= movesInOne && counts.size >= distinctMin) prints.add(digestOf(moves, end + 1 - movesInOne));
  }
  return [...prints].sort((a, b) => a - b).slice(0, printsMax);
}

function digestOf(moves: readonly number[], from: number): number {
  let [low, high] = [0x811c_9dc5, 0x01b8_73a9];
  for (let at = from; at < from + movesInOne; at += 1) {
    low = Math.imul(low ^ moves[at]!, 0x0100_0193);
    high = Math.imul(high ^ moves[at]! ^ (low >>> 15), 0x85eb_ca6b);
  }
  return (low >>> 0) + ((high >>> 0) & 0x1f_ffff) * 2 ** 32;
}
