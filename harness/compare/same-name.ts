/**
 * Functions of one name in one file: those without a name, and methods of several classes. Which is which follows from the lines that both
 * versions of the file have in common, and where no file can be read from their distances. Pure.
 */

import { bestPairs } from './best-pairs.ts';
import { likeness } from './function-text.ts';
import { commonLines } from './longest-common-lines.ts';
import type { SiteByRequest } from './site-bytes.ts';
import type { Known } from './site-evidence.ts';

type Pair = readonly [before: SiteByRequest, after: SiteByRequest];
type Sites = readonly SiteByRequest[];

/** Where both stood before a change of the lines between: less is another function that was written there. */
const likeMin = 0.6;

/** @returns pairs of the functions of one name, each once; what is missing is gone, or new. Two files are compared once for all their names */
export function sameNameMatcher(known: Known): (base: Sites, head: Sites) => Pair[] {
  const placesByFiles = new Map<string, Places | undefined>();
  const placesOf = (base: SiteByRequest, head: SiteByRequest): Places | undefined => {
    const files = `${base.site.file}\0${head.site.file}`;
    if (!placesByFiles.has(files)) {
      const lines = [known.base.lines(base), known.head.lines(head)] as const;
      placesByFiles.set(files, lines[0] && lines[1] && placesIn(lines[0], lines[1]));
    }
    return placesByFiles.get(files);
  };
  return (base, head) => {
    const [before, after] = [byLine(base), byLine(head)];
    const hasLines = [...base, ...head].every(({ site }) => site.line > 0);
    const places = hasLines ? placesOf(base[0]!, head[0]!) : undefined;
    return places ? byText(before, after, places, known) : byDistance(before, after);
  };
}

const byLine = (sites: Sites) => sites.toSorted((a, b) => a.site.line - b.site.line);

interface Places {
  /** Lines of the head by those of the base that are the same. */
  readonly kept: ReadonlyMap<number, number>;
  /** How many lines that are the same stand before it: those of one number stand in one place. */
  readonly place: (side: 0 | 1, line: number) => number;
}

function placesIn(base: readonly string[], head: readonly string[]): Places {
  const trimmed = (lines: readonly string[]) => lines.map((line) => line.trim());
  const pairs = commonLines(trimmed(base), trimmed(head));
  const place = (side: 0 | 1, line: number) => {
    let [low, high] = [0, pairs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[middle]![side] + 1 < line) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return { kept: new Map(pairs.map(([from, to]) => [from + 1, to + 1])), place };
}

function byText(base: Sites, head: Sites, { kept, place }: Places, known: Known): Pair[] {
  const keptInHead = new Set(kept.values());
  const at = new Map(head.map((each) => [each.site.line, each]));
  const pairs = base.flatMap((before): Pair[] => {
    const after = at.get(kept.get(before.site.line) ?? 0);
    return after ? [[before, after]] : [];
  });
  // A line that both have belongs to the same function, and to no other.
  const left = base.filter(({ site }) => !kept.has(site.line));
  const fresh = head.filter(({ site }) => !keptInHead.has(site.line));
  const candidates = left.flatMap((before) =>
    fresh.flatMap((after) => {
      const [a, b] = [known.base.text(before), known.head.text(after)];
      const alike = a && b ? likeness(a, b) : 0;
      const isInPlace = place(0, before.site.line) === place(1, after.site.line);
      if (!isInPlace && alike < likeMin) return [];
      const apart = Math.abs(left.indexOf(before) - fresh.indexOf(after));
      return [{ before, after, score: alike + (isInPlace ? 0.2 : 0) - apart / 1e6 }];
    }),
  );
  return [...pairs, ...bestPairs(candidates).map(({ before, after }) => [before, after] as const)];
}

/** Most of a file moves by as many lines; what does not is taken in its order, or by what it allocates. */
function byDistance(base: Sites, head: Sites): Pair[] {
  const at = new Map(head.map((each) => [each.site.line, each]));
  const counts = new Map<number, number>();
  for (const before of base)
    for (const after of head) {
      const distance = after.site.line - before.site.line;
      counts.set(distance, (counts.get(distance) ?? 0) + 1);
    }
  const [[most]] = [...counts].sort(([a, m], [b, n]) => n - m || Math.abs(a) - Math.abs(b)) as [[number, number]];
  const pairs = base.flatMap((before): Pair[] => {
    const after = at.get(before.site.line + most);
    return after ? [[before, after]] : [];
  });
  const taken = new Set(pairs.flat());
  const left = base.filter((each) => !taken.has(each));
  const fresh = head.filter((each) => !taken.has(each));
  const inOrder = (sites: Sites) =>
    left.length === fresh.length ? sites : sites.toSorted((a, b) => b.bytes - a.bytes);
  const ordered = inOrder(fresh);
  return [
    ...pairs,
    ...inOrder(left).flatMap((before, index): Pair[] => (ordered[index] ? [[before, ordered[index]]] : [])),
  ];
}
