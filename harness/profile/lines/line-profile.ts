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
}

/** What runtime code allocated counts for the line that called it. */
export function lineProfile(profile: Profile, watched: WatchedLines): LineProfile {
  const { file, line } = profile.sites;
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
    bytes.set(at, (bytes.get(at) ?? 0) + own);
  }
  const { period } = profile;
  return [...bytes]
    .map(([place, sum]) => ({ line: place, bytes: sum, errorShare: period > 0 ? Math.sqrt(period / sum) : 0 }))
    .sort((a, b) => b.bytes - a.bytes);
}
