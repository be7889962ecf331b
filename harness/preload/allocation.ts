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
 * What was ever allocated off V8's heap (buffers): the sum, over its collections, of what came since the one before. It holds where a
 * collection frees such memory at once: a sweeper in a thread of its own would free it later, and what comes meanwhile is not seen.
 */
export class OffHeapSum {
  #sum = 0;
  #after = v8.getHeapStatistics().external_memory;

  /** Has collections free it at once, in this process from here on. */
  constructor() {
    // Implied by the first, and never set twice: what is compiled is kept by the flags.
    if (!process.execArgv.includes('--single-threaded')) v8.setFlagsFromString('--no-concurrent-array-buffer-sweeping');
  }

  /** Of a collection that is over. */
  collected(before: number, after: number): void {
    this.#sum = this.untilNow(before);
    this.#after = after;
  }

  /** @param now off-heap memory as it is now */
  untilNow(now = v8.getHeapStatistics().external_memory): number {
    return this.#sum + Math.max(0, now - this.#after);
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
 * Whether young objects are fewer: V8 has collected, and what it moved to other spaces, large objects among them, would look as if it had
 * been allocated there.
 */
export function isCollectedBetween(from: UsedBySpace, to: UsedBySpace): boolean {
  return (to.get('new_space') ?? 0) < (from.get('new_space') ?? 0);
}

/**
 * Whether a collection came after a reading, and not before it: it found the young objects that were read, and a few more that whatever goes
 * on between the two needs. One before it that the heap was full for found more, since a reading has room.
 */
export function isCollectedAfter(read: UsedBySpace, before: UsedBySpace, after: UsedBySpace): boolean {
  const more = (before.get('new_space') ?? 0) - (read.get('new_space') ?? 0);
  return more >= 0 && more < roomBytes && isCollectedBetween(read, after);
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

/**
 * As it is now, with room for more young objects, so that no collection comes soon. One that came between a reading and the
 * recording of collections which begins behind it would be counted with what that reading has counted already: a whole
 * young generation twice. Where there is little room, it is filled up until V8 collects.
 */
export function usedWithRoom(): { readonly used: UsedBySpace; readonly totalBytes: number } {
  for (let fills = 0; ; fills += 1) {
    const spaces = v8.getHeapSpaceStatistics();
    const young = spaces.find((space) => space.space_name === 'new_space');
    if (!young || young.space_available_size >= roomBytes || fills === fillsMax) {
      filler = undefined;
      return {
        used: new Map(spaces.map((space) => [space.space_name, space.space_used_size])),
        totalBytes: spaces.reduce((all, space) => all + space.space_size, 0),
      };
    }
    filler = new Array(fillBytes / 8);
  }
}
