/** The lines of the first suspect, where a further replay may charge them one by one: which function of which file that is. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { LineBytes, Spike } from '../../reports/model.ts';
import type { WatchedFunction } from '../pass/instruments/lines.ts';
import { projectRoot, sourceMaps } from '../profile/files.ts';
import type { LineProfile } from '../profile/lines/line-profile.ts';
import type { Sources } from './sources.ts';

/** The spike that broke the budget is the highest. */
export function spikeOfLines(spikes: readonly Spike[]): Spike | undefined {
  return spikes.filter(({ suspects }) => suspects.length > 0).toSorted((a, b) => b.heightBytes - a.heightBytes)[0];
}

/** Undefined where the first suspect is no function of a file that can be found. */
export function watchedFunction({ suspects, cause }: Spike): WatchedFunction | undefined {
  const [suspect] = suspects;
  if (!suspect || suspect.where === 'cpu' || suspect.file === '') return undefined;
  const { file, functionName, line } = suspect;
  const built = sourceMaps.builtOf(file, line);
  // A loader compiled it in memory: what runs is in no file.
  if (built?.file === file) return undefined;
  const builtFile = built?.file ?? file;
  const place = (path.isAbsolute(builtFile) ? [''] : [projectRoot, process.cwd()])
    .map((root) => path.join(root, builtFile))
    .find((each) => existsSync(each));
  if (place === undefined) return undefined;
  const counts: LineBytes['counts'] = cause === 'leak' || cause === 'live-growth' ? 'alive' : 'allocated';
  return { place, builtFile, sourceFile: file, functionName, line: built?.line ?? line, counts };
}

/** The spike with the bytes of each line, and with the source around the heaviest one. */
export function withLines(spike: Spike, watched: WatchedFunction, rows: LineProfile, sources: Sources): Spike {
  const [heaviest] = rows;
  if (!heaviest) return spike;
  const { sourceFile: file, functionName, counts } = watched;
  const note = `${functionName}: the line that ${counts === 'alive' ? 'most of what stays was made on' : 'allocated most'}`;
  const excerpt = sources.excerpt({ file, line: heaviest.line, of: 'suspect', note });
  return {
    ...spike,
    lines: { file, functionName, counts, rows: rows.slice(0, rowsMax) },
    sources: [...spike.sources.filter((each) => each.of !== 'suspect'), ...(excerpt ? [excerpt] : [])],
  };
}

const rowsMax = 20;
