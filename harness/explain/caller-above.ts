/** Many makers under one caller: the deepest function that most of the bytes were allocated under. Pure. */
import type { Suspect } from '../../reports/model.ts';
import { type Profile, sampleTypeIndex, sumOf, totals } from '../profile/profile.ts';
import { isNobodysFault, samplingError } from './suspects.ts';

/** Of all bytes. */
const shareMin = 0.8;

/** Undefined where no function of the program's own has so much under it. */
export function commonCaller(profile: Profile, where: Suspect['where']): Suspect | undefined {
  const type = sampleTypeIndex(profile);
  const all = sumOf(profile, type);
  if (all <= 0) return undefined;
  const total = totals(profile, type);
  const { functionName, file, line } = profile.sites;
  const rows = new Map<string, { site: number; own: number; total: number; depth: number }>();
  const above: string[][] = [[]];
  for (let node = 1; node < total.length; node += 1) {
    const site = profile.site[node]!;
    const parents = above[profile.parent[node]!]!;
    const key = `${file[site]}\0${functionName[site]}`;
    above[node] = parents;
    if (isNobodysFault(file[site]!)) continue;
    let row = rows.get(key);
    if (!row) rows.set(key, (row = { site, own: 0, total: 0, depth: 0 }));
    row.own += profile.self[type]![node]!;
    if (parents.includes(key)) continue;
    row.total += total[node]!;
    row.depth = Math.max(row.depth, parents.length);
    above[node] = [...parents, key];
  }
  const [best] = [...rows.values()]
    .filter((row) => row.total >= shareMin * all)
    .sort((a, b) => b.depth - a.depth || b.total - a.total);
  if (!best) return undefined;
  return {
    functionName: functionName[best.site]!,
    file: file[best.site]!,
    line: line[best.site]!,
    where,
    thread: '',
    selfBytes: best.own,
    totalBytes: best.total,
    steadyBytes: 0,
    share: best.total / all,
    errorShare: samplingError(best.total, profile.period),
  };
}
