/** Bytes by source line of a function whose lines were charged by themselves (`wrap-lines.ts`). Pure. */
import type { LineBytes } from '../../../reports/model.ts';
import { type Profile, sampleTypeIndex } from '../profile.ts';
import { isRuntimeFile } from '../runtime-file.ts';

export type LineProfile = LineBytes['rows'];

/** The function in its source. */
export interface WatchedLines {
  readonly file: string;
  readonly firstLine: number;
  readonly lastLine: number;
  /** Its name, empty where it has none: what it allocates by itself is left out. Undefined: that counts for where it is declared. */
  readonly itself: string | undefined;
}

/**
 * What runtime code allocated counts for the line that called it. Of all that is allocated, what the function did by itself is of no line:
 * the functions that stand for its lines are made there, and the contexts that they need, each time anew; a loop makes gigabytes of them
 * that the program never does. None of them stays alive.
 */
export function lineProfile(profile: Profile, watched: WatchedLines): LineProfile {
  const { file, line, functionName } = profile.sites;
  const bytes = new Map<number, number>();
  const type = sampleTypeIndex(profile);
  for (let node = 1; node < profile.parent.length; node += 1) {
    const own = profile.self[type]![node]!;
    if (own <= 0) continue;
    let up = node;
    while (up > 0 && isRuntimeFile(file[profile.site[up]!]!)) up = profile.parent[up]!;
    if (up <= 0 || file[profile.site[up]!] !== watched.file) continue;
    const at = line[profile.site[up]!]!;
    if (at < watched.firstLine || at > watched.lastLine) continue;
    if (up === node && isItself(functionName[profile.site[up]!]!, at, watched)) continue;
    bytes.set(at, (bytes.get(at) ?? 0) + own);
  }
  const { period } = profile;
  return [...bytes]
    .map(([place, sum]) => ({ line: place, bytes: sum, errorShare: period > 0 ? Math.sqrt(period / sum) : 0 }))
    .sort((a, b) => b.bytes - a.bytes);
}

/** A function for a line has no name, and one that has none itself is known by where it begins. */
function isItself(name: string, line: number, { itself, firstLine }: WatchedLines): boolean {
  if (itself === undefined) return false;
  if (itself === '') return line === firstLine;
  return name === itself || name.endsWith(`.${itself}`);
}
