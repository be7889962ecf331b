/** Who allocates in each of two versions: each once more, sampled. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ComparedSite } from '../../reports/comparison.ts';
import { formatSiteChange } from '../../reports/comparison-sentence.ts';
import type { FlameTree } from '../../reports/model.ts';
import { projectRoot } from '../profile/files.ts';
import { readPprof } from '../profile/pprof.ts';
import { type SitesFile, sitesFileName, stacksFileName } from '../report/sites-file.ts';
import { Sources } from '../report/sources.ts';
import { type CheckedOut, inProject } from './sites.ts';
import { flameByRequest, type StacksByRequest, stacksInProject } from './stacks.ts';
import type { Cells, CellsOrder } from './version-cells.ts';

/** A change of 1 % in 2,000 requests is found at it. */
const sitesEvery = '4KiB';

/** Sites whose lines are in the report: a person reads the first. */
const sourcesShown = 3;

/** Files are called as in the project. */
export interface SampledVersions {
  readonly base: SitesFile;
  readonly head: SitesFile;
  /** Undefined where messages were not counted. */
  readonly flame: FlameTree | undefined;
}

/** @returns undefined for a program that names no sites: it is no Node.js one and has no pprof */
export async function sampleVersions(
  { project, store }: Pick<CellsOrder, 'project' | 'store'>,
  cells: Cells,
): Promise<SampledVersions | undefined> {
  const roots = [projectRoot, project.folder];
  const sampled = async (side: 'base' | 'head') => {
    const name = `sites-${side}`;
    await cells.run(side, name, ['--no-explain', '--sites', sitesEvery]);
    return sampledIn(cells.folderOf(name), roots, store);
  };
  const base = await sampled('base');
  const head = base && (await sampled('head'));
  if (!head) return undefined;
  const flame = base.stacks && head.stacks && flameByRequest(base.stacks, head.stacks);
  return { base: base.sites, head: head.sites, flame };
}

interface Sampled {
  readonly sites: SitesFile;
  readonly stacks: StacksByRequest | undefined;
}

function sampledIn(folder: string, roots: readonly string[], place: CheckedOut): Sampled | undefined {
  const file = path.join(folder, sitesFileName);
  if (!existsSync(file)) return undefined;
  const sites: SitesFile = inProject(JSON.parse(readFileSync(file, 'utf8')), roots, place);
  const profile = path.join(folder, stacksFileName);
  if (!sites.requests || !existsSync(profile)) return { sites, stacks: undefined };
  const named = stacksInProject(readPprof(readFileSync(profile)), roots, place);
  return { sites, stacks: { profile: named, requests: sites.requests } };
}

/** Lines around the few that grew most, from the checkout of the head, which ran last. */
export function withSources(sites: readonly ComparedSite[], checkout: string): ComparedSite[] {
  const sources = new Sources();
  let shown = 0;
  return sites.map((site) => {
    const { file, line, headBytes, baseBytes } = site;
    if ((headBytes ?? 0) <= (baseBytes ?? 0) || file === '' || shown === sourcesShown) return site;
    const place = { file: path.resolve(checkout, file), line, of: 'suspect' as const, note: formatSiteChange(site) };
    const source = sources.excerpt(place);
    if (source) shown += 1;
    return { ...site, source: source ? { ...source, file } : null };
  });
}
