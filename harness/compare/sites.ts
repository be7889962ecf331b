/** Which call sites allocate more or less by the request: descriptive, from a pass of its own for each version. Pure. */
import path from 'node:path';
import type { ComparedSite } from '../../reports/comparison.ts';
import { formatBytes, formatCount } from '../../reports/format.ts';
import type { AllocatedSite } from '../metrics/allocated-sites.ts';
import { isRuntimeFile } from '../profile/runtime-file.ts';
import type { SitesFile } from '../report/sites-file.ts';

/** A difference is named from so many standard errors up: hundreds of sites are looked at at once. */
const errorsMin = 3;
/** Of what the base allocates; less is no regression. */
const shareMin = 0.001;
/** As many as a person reads. */
const sitesMax = 10;

/** @returns what changed most first; empty where a version's messages were not counted. */
export function compareSites(base: SitesFile, head: SitesFile): ComparedSite[] {
  if (!base.requests || !head.requests) return [];
  const sides = { base: bySite(base), head: bySite(head) };
  const total = [...sides.base.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const compared: ComparedSite[] = [];
  for (const key of new Set([...sides.base.keys(), ...sides.head.keys()])) {
    const [before, after] = [sides.base.get(key), sides.head.get(key)];
    const { file, functionName, line, where } = (after ?? before)!.site;
    const difference = (after?.bytes ?? 0) - (before?.bytes ?? 0);
    const error = Math.hypot(before?.error ?? 0, after?.error ?? 0);
    if (Math.abs(difference) < Math.max(errorsMin * error, shareMin * total)) continue;
    const isOffHeap = where === 'off-heap';
    compared.push({
      file,
      line,
      functionName,
      isOffHeap,
      baseBytes: before?.bytes ?? null,
      headBytes: after?.bytes ?? null,
      errorBytes: error,
      source: null,
    });
  }
  const changeOf = ({ baseBytes, headBytes }: ComparedSite) => Math.abs((headBytes ?? 0) - (baseBytes ?? 0));
  return compared.sort((a, b) => changeOf(b) - changeOf(a)).slice(0, sitesMax);
}

/** A change from which on every site of both versions would have been named: bytes a request. */
function surelyNamedBytes(base: SitesFile, head: SitesFile): number {
  const sides = [bySite(base), bySite(head)];
  const errors = sides.map((side) => [...side.values()].reduce((most, { error }) => Math.max(most, error), 0));
  return errorsMin * Math.hypot(...errors);
}

/** What is said where no site is named. */
export function noneNamed(base: SitesFile, head: SitesFile): string {
  const bytes = formatBytes(surelyNamedBytes(base, head));
  return `no call site differs by three standard errors: over ${formatCount(head.requests!)} requests every change of ${bytes} would have been named; more requests name smaller ones`;
}

/** No code of the project called it: it comes with the requests themselves. */
const runtime = { file: '', line: 0, functionName: '(the runtime, for no caller of the project)' };

interface SiteByRequest {
  readonly site: AllocatedSite;
  /** A request. */
  readonly bytes: number;
  /** Standard error of `bytes`. */
  readonly error: number;
}

function bySite({ requests, sites }: SitesFile): Map<string, SiteByRequest> {
  const found = new Map<string, SiteByRequest>();
  for (const site of sites) {
    const owner = isRuntimeFile(site.file) ? { ...site, ...runtime } : site;
    const key = [owner.where, owner.file, owner.functionName].join('\0');
    const bytes = site.selfBytes / requests!;
    const other = found.get(key);
    found.set(key, {
      // Functions without a name are one of a file: their lines move with every change above them. The costliest is shown.
      site: other && other.site.selfBytes > site.selfBytes ? other.site : owner,
      bytes: bytes + (other?.bytes ?? 0),
      error: Math.hypot(bytes * site.errorShare, other?.error ?? 0),
    });
  }
  return found;
}

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
