/** Which call sites allocate more or less by the request: descriptive, from a pass of its own for each version. Pure. */
import path from 'node:path';
import type { ComparedSite } from '../../reports/comparison.ts';
import { formatBytes, formatCount } from '../../reports/format.ts';
import type { SitesFile } from '../report/sites-file.ts';
import { functionKey } from './callers.ts';
import { changedLines } from './changed-lines.ts';
import { matchSites } from './match-sites.ts';
import { type SitePair, withMovedWork } from './moved-work.ts';
import { bySite, errorsMin, type SitesByKey } from './site-bytes.ts';
import { type Evidence, type Known, knownSites, noEvidence } from './site-evidence.ts';

/** Of what the base allocates; less is no regression. */
const shareMin = 0.001;
/**
 * Of a function whose text is as it was: two runs of one version were sampled as five errors apart in single functions (optimised
 * sooner or later), and a difference of the same code is likelier that than one of the version.
 */
const errorsMinUnchanged = 5;
/** As many as a person reads. */
const sitesMax = 10;

/**
 * @returns what changed most; first what went the way of the whole, so that no other site stands before the cause. Empty where a version's
 *   messages were not counted
 */
export function compareSites(base: SitesFile, head: SitesFile, evidence: Evidence = noEvidence): ComparedSite[] {
  if (!base.requests || !head.requests) return [];
  const sides = { base: bySite(base), head: bySite(head) };
  const total = sumOf(sides.base);
  const isLess = sumOf(sides.head) < total;
  const known = knownSites(evidence);
  const compared = withMovedWork(pairsOf(sides.base, sides.head, known), known).flatMap((pair): ComparedSite[] => {
    const { before, after } = pair;
    const { file, functionName, line, where } = (after ?? before)!.site;
    const difference = (after?.bytes ?? 0) - (before?.bytes ?? 0);
    const error = Math.hypot(before?.error ?? 0, after?.error ?? 0);
    const changed = changedIn(pair, known);
    const errors = changed?.length === 0 ? errorsMinUnchanged : errorsMin;
    if (Math.abs(difference) < Math.max(errors * error, shareMin * total)) return [];
    const place = { file, line, functionName, isOffHeap: where === 'off-heap' };
    const bytes = { baseBytes: before?.bytes ?? null, headBytes: after?.bytes ?? null, errorBytes: error };
    return [{ ...place, ...bytes, source: null, origin: originOf(pair), ...(changed && { changed }) }];
  });
  const isOnWay = (site: ComparedSite) => changeOf(site) < 0 === isLess;
  const largest = compared.sort((a, b) => Math.abs(changeOf(b)) - Math.abs(changeOf(a))).slice(0, sitesMax);
  return [...withCauseFirst(largest.filter(isOnWay), evidence), ...largest.filter((site) => !isOnWay(site))];
}

/** What is as it was may allocate more for what another function gives it: of two that samples cannot order, the one that is not as it was stands first. */
function withCauseFirst(sites: ComparedSite[], evidence: Evidence): ComparedSite[] {
  const [first] = sites;
  if (first?.changed?.length !== 0) return sites;
  const isNear = (site: ComparedSite) =>
    Math.abs(changeOf(first)) - Math.abs(changeOf(site)) < errorsMin * Math.hypot(first.errorBytes, site.errorBytes);
  const isOther = ({ changed, file }: ComparedSite) => (changed ? changed.length > 0 : isOtherFile(file, evidence));
  const cause = sites.find((site) => isOther(site) && isNear(site));
  return cause === undefined ? sites : [cause, ...sites.filter((site) => site !== cause)];
}

/** Of a function that is not found in its text, or has no line of the one before. */
function isOtherFile(file: string, { base, head }: Evidence): boolean {
  const [before, after] = [base.linesOf?.(file), head.linesOf?.(file)];
  return after !== undefined && before?.join('\n') !== after.join('\n');
}

const changeOf = ({ baseBytes, headBytes }: ComparedSite): number => (headBytes ?? 0) - (baseBytes ?? 0);

/** Of a function that is there in both versions; undefined where its text is not known. */
function changedIn({ before, after, how }: SitePair, known: Known): number[] | undefined {
  if (!before || !after || how === 'replaced') return undefined;
  const [base, head] = [known.base.inFile(before), known.head.inFile(after)];
  return base && head && changedLines(base, head);
}

const sumOf = (sites: SitesByKey) => [...sites.values()].reduce((sum, { bytes }) => sum + bytes, 0);

/** Each function of either version once. */
function pairsOf(base: SitesByKey, head: SitesByKey, known: Known): SitePair[] {
  const matches = matchSites(base, head, known);
  const found = new Set([...matches.values()].map((match) => match.base));
  const gone = [...base.values()].filter((each) => !found.has(each));
  return [
    ...gone.map((before) => ({ before, after: undefined, how: 'same' as const })),
    ...[...head].map(([key, after]) => {
      const match = matches.get(key);
      return { before: match?.base, after, how: match?.how ?? ('same' as const) };
    }),
  ];
}

function originOf({ before, how, moved }: SitePair): ComparedSite['origin'] {
  if (how !== 'same' && before) return { how, file: before.site.file, functionName: before.site.functionName };
  return moved ? { how: moved.how, file: moved.from.site.file, functionName: moved.from.site.functionName } : null;
}

/** Functions of the base by what the head calls them: a flame graph lays them over each other. */
export function renamedIn(
  base: SitesFile,
  head: SitesFile,
  evidence: Evidence,
): (file: string, functionName: string) => FunctionName {
  const renamed = new Map<string, FunctionName>();
  if (base.requests && head.requests) {
    const sides = [bySite(base), bySite(head)] as const;
    const kept = new Set<string>();
    for (const [key, { base: before, how }] of matchSites(...sides, knownSites(evidence))) {
      const name = functionKey(before.site.file, before.site.functionName);
      if (how !== 'same') renamed.set(name, sides[1].get(key)!.site);
      else kept.add(name);
    }
    // A flame graph knows functions by name: where another one keeps it, it stays.
    for (const name of kept) renamed.delete(name);
  }
  return (file, functionName) => renamed.get(functionKey(file, functionName)) ?? { file, functionName };
}

/** A change from which on every site of both versions would have been named: bytes a request. */
function surelyNamedBytes(base: SitesFile, head: SitesFile): number {
  const sides = [bySite(base), bySite(head)];
  const errors = sides.map((side) => [...side.values()].reduce((most, { error }) => Math.max(most, error), 0));
  return errorsMinUnchanged * Math.hypot(...errors);
}

/** What is said where no site is named. */
export function noneNamed(base: SitesFile, head: SitesFile): string {
  const bytes = formatBytes(surelyNamedBytes(base, head));
  return `no call site differs by three standard errors, or by five where its text is as it was: over ${formatCount(head.requests!)} requests every change of ${bytes} would have been named; more requests name smaller ones`;
}

type FunctionName = { readonly file: string; readonly functionName: string };

/** Where a version is: the top of its repository, and the project in it. */
export interface CheckedOut {
  readonly checkout: string;
  readonly projectFolder: string;
}

/**
 * Files as they are called in the project, wherever its version was checked out.
 * @param roots folders that a name may be relative to
 */
export function inProject(
  file: SitesFile,
  roots: readonly string[],
  { checkout, projectFolder }: CheckedOut,
): SitesFile {
  const nameOf = nameInProject(roots, { checkout, projectFolder });
  return { ...file, sites: file.sites.map((site) => ({ ...site, file: nameOf(site.file) })) };
}

/** How a file is called in the project. */
export function nameInProject(
  roots: readonly string[],
  { checkout, projectFolder }: CheckedOut,
): (name: string) => string {
  return (name) => {
    if (name === '') return name;
    const absolute = roots.map((root) => path.resolve(root, name)).find((each) => isWithin(each, checkout));
    return absolute === undefined ? name : path.relative(projectFolder, absolute).split(path.sep).join('/');
  };
}

function isWithin(file: string, folder: string): boolean {
  return file.startsWith(`${folder}${path.sep}`);
}
