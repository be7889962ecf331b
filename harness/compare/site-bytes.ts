/** What a version's functions allocate by the request, each with its error. Pure. */
import type { AllocatedSite } from '../metrics/allocated-sites.ts';
import { isRuntimeFile } from '../profile/runtime-file.ts';
import type { SitesFile } from '../report/sites-file.ts';

/** A difference is named from so many standard errors up: hundreds of sites are looked at at once. */
export const errorsMin = 3;

/** No code of the project called it: it comes with the requests themselves. */
const runtime = { file: '', line: 0, functionName: '(the runtime, for no caller of the project)' };

export interface SiteByRequest {
  readonly site: AllocatedSite;
  /** A request. */
  readonly bytes: number;
  /** Standard error of `bytes`. */
  readonly error: number;
}

export type SitesByKey = ReadonlyMap<string, SiteByRequest>;

/** A function of a file by its name, on the heap or off it: a file may have several of one name. */
export const nameKey = ({ where, functionName }: Pick<AllocatedSite, 'where' | 'functionName'>, file: string): string =>
  [where, file, functionName].join('\0');

export function bySite({ requests, sites }: SitesFile): SitesByKey {
  const found = new Map<string, SiteByRequest>();
  for (const site of sites) {
    const owner = isRuntimeFile(site.file) ? { ...site, ...runtime } : site;
    const key = `${nameKey(owner, owner.file)}\0${owner.line}`;
    const bytes = site.selfBytes / requests!;
    const other = found.get(key);
    found.set(key, {
      site: owner,
      bytes: bytes + (other?.bytes ?? 0),
      error: Math.hypot(bytes * site.errorShare, other?.error ?? 0),
    });
  }
  return found;
}
