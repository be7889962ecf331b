/** Which lines of one function allocate: its source is replaced by one in which V8 charges each line by itself. */
import { readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LineBytes } from '../../../reports/model.ts';
import { linesRefused } from '../../preload/options.ts';
import { readInterval, sourceMaps } from '../../profile/files.ts';
import { type LineProfile, lineProfile } from '../../profile/lines/line-profile.ts';
import { wrapLines } from '../../profile/lines/wrap-lines.ts';
import { sourcePosition } from '../../profile/source-maps.ts';
import type { PassResult } from '../pass-result.ts';
import { attributionArguments, offHeapSampleBytes, stackDepth } from './heap-sampling.ts';
import { type Instrument, samplerCeilingBytes } from './instrument.ts';

const takeTimeoutMs = 10_000;
/** A line of 400 kB is known within 10 %. */
const sampleBytes = 4_096;

export interface WatchedFunction {
  /** Where the code that runs is. */
  readonly place: string;
  /** The same as profiles name it, and its source, which is another where it was built. */
  readonly builtFile: string;
  readonly sourceFile: string;
  readonly functionName: string;
  /** In the code that runs. */
  readonly line: number;
  readonly counts: LineBytes['counts'];
}

/** Undefined where the source cannot be read, or not be changed. */
export function lineSampling(watched: WatchedFunction): Instrument | undefined {
  const { place, builtFile, functionName, line, counts } = watched;
  let wrapped: ReturnType<typeof wrapLines>;
  try {
    const source = readFileSync(place, 'utf8');
    wrapped = wrapLines(/\.[cm]?ts$/.test(place) ? stripTypeScriptTypes(source) : source, { functionName, line });
  } catch {
    // Not there any more, or TypeScript that takes more than leaving types out.
  }
  if (!wrapped) return undefined;
  const { text, firstLine, lastLine } = wrapped;
  // Of what is alive nothing was made for the lines alone.
  const itself = counts === 'alive' ? undefined : wrapped.functionName;
  const kind = counts === 'alive' ? 'live' : 'allocations';
  return {
    kind: 'lines',
    activity: `replaying with the lines of ${functionName} charged one by one`,
    disturbs: true,
    needsNode: true,
    holdsTraffic: true,
    use: {
      take: (channel, interval) => channel.cut(interval, takeTimeoutMs),
      oncePerPhase: false,
      everyInterval: false,
      isLevel: false,
    },
    start: (folder) => {
      const file = path.join(folder, 'lines-source.js');
      writeFileSync(file, text, { mode: 0o600 });
      const profile = { kind, sampleBytes, stackDepth, offHeapSampleBytes, folder } as const;
      return {
        nodeArguments: attributionArguments,
        preload: { profile, lines: { url: pathToFileURL(place).href, file } },
      };
    },
    describe: (usual) => [...usual, `lines of ${functionName} in ${builtFile}, ${sampleBytes / 1024} KiB`],
    ceilingBytes: samplerCeilingBytes,
    aim: () => ({ frameMarks: [] }),
    // An older Node.js has run the source as it is, and reports so: its lines would be those of declarations.
    bring: (pass) => ({
      lines: pass.channel.errors.includes(linesRefused)
        ? []
        : linesOf(pass, watched, { firstLine, lastLine, kind, itself }),
    }),
  };
}

interface Range {
  readonly firstLine: number;
  readonly lastLine: number;
  readonly kind: 'live' | 'allocations';
  readonly itself: string | undefined;
}

/** Of the intervals that traffic was in. */
function linesOf(pass: PassResult, { builtFile, sourceFile }: WatchedFunction, range: Range): LineProfile {
  const map = sourceFile === builtFile ? null : sourceMaps.of(builtFile);
  const inSource = (line: number) => sourcePosition(map, line, Number.MAX_SAFE_INTEGER)?.line ?? line;
  const { itself, firstLine, lastLine } = range;
  const watched = { file: sourceFile, firstLine: inSource(firstLine), lastLine: inSource(lastLine), itself };
  const sampleType = range.kind === 'live' ? 'inuse_space' : 'alloc_space';
  const rows = pass.intervals.flatMap(({ interval, firstFrame, lastFrame }) => {
    const written = pass.channel.intervals.find((each) => each.interval === interval && each.thread === undefined);
    const read = written && readInterval(written, sampleType, { heap: sampleBytes, offHeap: offHeapSampleBytes });
    if (!read || lastFrame <= firstFrame) return [];
    return [...lineProfile(read.heap, watched), ...lineProfile(read.offHeap, watched)];
  });
  const sums = new Map<number, { bytes: number; variance: number }>();
  for (const { line, bytes, errorShare } of rows) {
    const sum = sums.get(line) ?? { bytes: 0, variance: 0 };
    sums.set(line, { bytes: sum.bytes + bytes, variance: sum.variance + (bytes * errorShare) ** 2 });
  }
  return [...sums]
    .map(([line, { bytes, variance }]) => ({ line, bytes, errorShare: Math.sqrt(variance) / bytes }))
    .sort((a, b) => b.bytes - a.bytes);
}
