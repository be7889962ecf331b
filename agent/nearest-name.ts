/** What a mistyped name may have meant. */

/** More slips than that are another word. */
const slipsMax = 3;
/** No name of ours is half as long. */
const charactersMax = 80;

/** The nearest of `names` by letters added, left out, replaced or swapped; undefined where none is near. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  if (name.length > charactersMax) return undefined;
  let nearest: string | undefined;
  let fewest = Math.min(slipsMax, name.length >> 1) + 1;
  for (const each of names) {
    const count = slips(name, each);
    if (count >= fewest) continue;
    fewest = count;
    nearest = each;
  }
  return nearest;
}

/** The same as the start of a hint; empty where none is near. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearestName(name, names);
  return near ? `Did you mean ${near}? ` : '';
}

/** The distance of Damerau and Levenshtein, no letters touched twice ("optimal string alignment"). */
function slips(from: string, to: string): number {
  let [before, last] = [[] as number[], Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const isSame = from[i - 1] === to[j - 1];
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1));
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwapped) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return last[to.length]!;
}
