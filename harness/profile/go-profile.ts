/** Heap profiles as Go's runtime writes them, brought into our terms: one pair of values, paths relative, its library marked as runtime. */

import { readPprof } from './pprof.ts';
import { type Profile, ProfileBuilder } from './profile.ts';

/** First element of the import paths of Go's standard library. */
const standardLibrary = new Set(
  (
    'archive bufio bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash ' +
    'html image index internal io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv ' +
    'strings structs sync syscall testing text time type unicode unique unsafe vendor weak'
  ).split(' '),
);

/** What stands before a file of Go's own library: such code is never a suspect. */
export const goLibraryPrefix = 'go:';

/** What answers who asks for a profile: us. */
const askedFor = /^(net\/http|runtime)\/pprof\./;

/**
 * Without what it allocates to write profiles.
 * @param which everything that was ever allocated, or what is alive
 * @param root names of files below it are relative to it
 * @throws ProfileError
 */
export function readGoProfile(bytes: Uint8Array, which: 'alloc' | 'inuse', root: string): Profile {
  const source = readPprof(bytes);
  const columnOf = (type: string) => source.sampleTypes.findIndex((each) => each.type === type);
  const [space, objects] = [columnOf(`${which}_space`), columnOf(`${which}_objects`)];
  const at = (column: number, node: number) => (column < 0 ? 0 : source.self[column]![node]!);
  return inOurTerms(source, { which, root, valuesOf: (node) => [at(space, node), at(objects, node)] });
}

/**
 * The goroutines that are alive, by where they wait, with the stacks that they take: these lie outside the heap, and no profile has them.
 * @param stackBytes of all of them; the runtime does not say whose they are, so each has the same share
 * @throws ProfileError
 */
export function readGoroutines(bytes: Uint8Array, stackBytes: number, root: string): Profile {
  const source = readPprof(bytes);
  const counts = source.self[0] ?? new Float64Array();
  const all = counts.reduce((sum, count) => sum + count, 0);
  const each = all > 0 ? stackBytes / all : 0;
  const valuesOf = (node: number): [number, number] => [counts[node]! * each, counts[node]!];
  return inOurTerms({ ...source, period: 0 }, { which: 'inuse', root, valuesOf });
}

interface Terms {
  readonly which: 'alloc' | 'inuse';
  readonly root: string;
  /** Bytes and number of a node of the source. */
  readonly valuesOf: (node: number) => readonly [number, number];
}

function inOurTerms(source: Profile, { which, root, valuesOf }: Terms): Profile {
  const types = [`${which}_space`, `${which}_objects`];
  const builder = new ProfileBuilder({
    sampleTypes: types.map((type, i) => ({ type, unit: i === 0 ? 'bytes' : 'count' })),
    period: source.period,
    timeMs: source.timeMs,
  });
  const { functionName, file, line } = source.sites;
  const sites = functionName.map((name, i) => builder.site(name, fileOf(name, file[i]!, root), line[i]!));
  const nodes = new Int32Array(source.parent.length);
  for (let node = 1; node < nodes.length; node += 1) {
    const above = nodes[source.parent[node]!]!;
    if (above < 0 || askedFor.test(functionName[source.site[node]!]!)) {
      nodes[node] = -1;
      continue;
    }
    nodes[node] = builder.child(above, sites[source.site[node]!]!);
    for (const [type, value] of valuesOf(node).entries()) if (value !== 0) builder.add(nodes[node]!, type, value);
  }
  return builder.finish();
}

function fileOf(functionName: string, file: string, root: string): string {
  const first = /^[^./]*/.exec(functionName)?.[0] ?? '';
  if (standardLibrary.has(first)) {
    const at = file.lastIndexOf('/src/');
    return `${goLibraryPrefix}${at < 0 ? file : file.slice(at + 5)}`;
  }
  return file.startsWith(`${root}/`) ? file.slice(root.length + 1) : file;
}
