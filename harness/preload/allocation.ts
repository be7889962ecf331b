/**
 * What was ever allocated on V8's heap: the sum, over its collections, of what came since the one before. By space, since V8
 * (14.6) counts a page of its old space as used from the moment that the page is begun: what began there is known to a page a
 * collection. Young objects, nearly all there are, are known to the byte.
 */
import v8 from 'node:v8';

/** A regular page of V8's. */
const pageBytes = 256 << 10;

/** Used bytes, by the space's name. */
export type UsedBySpace = ReadonlyMap<string, number>;

/** Bytes that lie on the heap at one moment. */
export interface Lying {
  readonly all: number;
  /** Of them, in spaces whose growth is known to the byte. */
  readonly young: number;
}

/** In the young generation, and large objects of every age, which have pages of their own. */
const isYoung = (space: string) => space === 'new_space' || space.endsWith('large_object_space');

export function lyingIn(used: UsedBySpace): Lying {
  let all = 0;
  let young = 0;
  for (const [name, bytes] of used) {
    all += bytes;
    if (isYoung(name)) young += bytes;
  }
  return { all, young };
}

/** Bytes by where objects began their life. */
export interface Allocated {
  /** In young spaces. */
  readonly young: number;
  /** At once in old pages. */
  readonly old: number;
}

export class AllocationSum {
  #young = 0;
  #old = 0;
  #after: UsedBySpace = usedBySpace();

  /** Of a collection that is over. */
  collected(before: UsedBySpace, after: UsedBySpace): void {
    const { young, old } = this.untilNow(before);
    this.#young = young;
    this.#old = old;
    this.#after = after;
  }

  /** Ever allocated, where every collection has been added. @param used as it is now */
  untilNow(used = usedBySpace()): Allocated {
    const { young, old } = allocatedBetween(this.#after, used);
    return { young: this.#young + young, old: this.#old + old };
  }
}

/**
 * What was ever allocated off V8's heap (buffers): the sum of what came since the collection before, or since the moment that was last asked
 * for: it never falls, whatever the program frees by itself. It holds where a collection frees such memory at once: a sweeper in a thread of
 * its own would free it later, and what comes meanwhile is not seen.
 */
export class OffHeapSum {
  #sum = 0;
  #last = v8.getHeapStatistics().external_memory;

  /** Has collections free it at once, in this process from here on. */
  constructor() {
    // Implied by the first, and never set twice: what is compiled is kept by the flags.
    if (!process.execArgv.includes('--single-threaded')) v8.setFlagsFromString('--no-concurrent-array-buffer-sweeping');
  }

  /** Of a collection that is over. */
  collected(before: number, after: number): void {
    this.untilNow(before);
    this.#last = after;
  }

  /**
   * Ever allocated, where every collection has been added.
   * @param now off-heap memory, read when no collection had come since the last that was added
   */
  untilNow(now: number): number {
    this.#sum += Math.max(0, now - this.#last);
    this.#last = now;
    return this.#sum;
  }
}

/** Allocated between two readings, without a collection among them. */
export function allocatedBetween(from: UsedBySpace, to: UsedBySpace): Allocated {
  let young = 0;
  let old = 0;
  for (const [name, used] of to) {
    const more = used - (from.get(name) ?? 0);
    if (isYoung(name)) young += Math.max(0, more);
    // The last page is used to some part: the half of one, by and large; where there is but one, nothing may have begun there.
    else if (more > pageBytes) old += more - pageBytes / 2;
  }
  return { young, old };
}

/**
 * Whether young objects are fewer, small ones or all: V8 has collected, and what it moved to other spaces, large objects among them, would look
 * as if it had been allocated there.
 */
export function isCollectedBetween(from: UsedBySpace, to: UsedBySpace): boolean {
  return (to.get('new_space') ?? 0) < (from.get('new_space') ?? 0) || lyingIn(to).young < lyingIn(from).young;
}

/** As it is now. */
export function usedBySpace(): UsedBySpace {
  return new Map(v8.getHeapSpaceStatistics().map((space) => [space.space_name, space.space_used_size]));
}

/** More than a reading takes itself. */
const roomBytes = 16 << 10;
const fillBytes = 1 << 10;
const fillsMax = 64;
/** Where it can be seen, so that no compiler leaves it out. */
export let filler: unknown;

/** V8's memory at one moment. */
export interface Memory {
  readonly used: UsedBySpace;
  /** The size of the heap, used or not. */
  readonly totalBytes: number;
  /** Off the heap. */
  readonly externalBytes: number;
}

/**
 * As it is now, with room for more young objects, so that no collection comes soon: one that came between a reading and the
 * recording of collections which begins behind it makes the reading one of no moment (`mayFollow`). Where there is little room, it is filled
 * up until V8 collects.
 */
export function memoryWithRoom(): Memory {
  for (let fills = 0; ; fills += 1) {
    const spaces = v8.getHeapSpaceStatistics();
    const young = spaces.find((space) => space.space_name === 'new_space');
    if (!young || young.space_available_size >= roomBytes || fills === fillsMax) {
      filler = undefined;
      return {
        used: new Map(spaces.map((space) => [space.space_name, space.space_used_size])),
        totalBytes: spaces.reduce((all, space) => all + space.space_size, 0),
        externalBytes: v8.getHeapStatistics().external_memory,
      };
    }
    filler = new Array(fillBytes / 8);
  }
}

/** What lay on the heap before a collection, and after it. */
export interface Collected {
  readonly before: UsedBySpace;
  readonly after: UsedBySpace;
}

/**
 * Whether the last of these collections may have come after memory was read. Until then a reading allocates less than it made room for: such a
 * collection found the young objects that were read, and few more. One that came before the reading filled its space to the end, as a rule,
 * and the reading has room.
 * @param collections in their order; all of them, or none, before the first that came after the reading
 */
export function mayFollow({ used }: Memory, collections: readonly Collected[]): boolean {
  const youngIn = (spaces: UsedBySpace) => spaces.get('new_space') ?? 0;
  const isBehind = (found: UsedBySpace, left: UsedBySpace) => {
    const more = youngIn(found) - youngIn(left);
    return more >= 0 && more < roomBytes;
  };
  for (let at = collections.length - 1; at >= 0; at -= 1) {
    const { before } = collections[at]!;
    if (isBehind(before, used)) return true;
    // Several in a row: it may be the first of them that found what was read.
    const earlier = collections[at - 1];
    if (!earlier || !isBehind(before, earlier.after)) return false;
  }
  return false;
}
