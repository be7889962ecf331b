/** Who allocates in each of two versions: each once more, sampled. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ComparedSite } from '../../reports/comparison.ts';
import { formatSiteChange } from '../../reports/comparison-sentence.ts';
import type { FlameTree } from '../../reports/model.ts';
import { projectRoot } from '../profile/files.ts';
import { readPprof } from '../profile/pprof.ts';
import { type SitesFile, sitesFileName, stacksFileName } from '../report/sites-file.ts';
import { Sources } from '../report/sources.ts';
import { callersIn } from './callers.ts';
import { functionRange } from './function-text.ts';
import type { Evidence } from './site-evidence.ts';
import { type CheckedOut, inProject, renamedIn } from './sites.ts';
import { flameByRequest, renamedStacks, type StacksByRequest, stacksInProject } from './stacks.ts';
import type { Cells, CellsOrder } from './version-cells.ts';

/** A change of 1 % in 2,000 requests is found at it. */
const sitesEvery = '4KiB';

/** Longer ones are shown in part. */
const functionLinesMax = 400;

/** Sites whose lines are in the report: a person reads the first. */
const sourcesShown = 3;

/** Files are called as in the project. */
export interface SampledVersions {
  readonly base: SitesFile;
  readonly head: SitesFile;
  /** By which a function that was renamed or moved is recognised. */
  readonly evidence: Evidence;
  /** Undefined where messages were not counted. */
  readonly flame: FlameTree | undefined;
}

/** @returns undefined for a program that names no sites: it is no Node.js one and has no pprof */
export async function sampleVersions(
  { project, store, versions }: Pick<CellsOrder, 'project' | 'store' | 'versions'>,
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
  const evidence = {
    base: { linesOf: linesIn(store.projectFolderOf(versions.base)), callers: callersOf(base) },
    head: { linesOf: linesIn(store.projectFolderOf(versions.head)), callers: callersOf(head) },
  };
  const called = renamedIn(base.sites, head.sites, evidence);
  const flame = base.stacks && head.stacks && flameByRequest(renamedStacks(base.stacks, called), head.stacks);
  return { base: base.sites, head: head.sites, evidence, flame };
}

const callersOf = ({ stacks }: Sampled) => stacks && callersIn(stacks.profile);

/** Larger ones are no source that a person wrote. */
const sourceBytesMax = 2 << 20;

/** Lines of a version's files, each read once; undefined for what is no file of a source. */
function linesIn(folder: string): (file: string) => readonly string[] | undefined {
  const known = new Map<string, readonly string[] | undefined>();
  return (file) => {
    if (!known.has(file)) known.set(file, readLines(path.join(folder, file)));
    return known.get(file);
  };
}

function readLines(file: string): string[] | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() && stats.size <= sourceBytesMax ? readFileSync(file, 'utf8').split(/\r?\n/) : undefined;
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
    const { file, line, functionName, headBytes, baseBytes, changed } = site;
    if ((headBytes ?? 0) <= (baseBytes ?? 0) || file === '' || shown === sourcesShown) return site;
    const place = path.resolve(checkout, file);
    // What changed is where it grew; where nothing did, it is given more, and all of a short function is shown.
    const [first = line, ...alsoMeant] = changed ?? [];
    const range = functionRange(sources.linesOf(place), line, functionName, functionLinesMax);
    const beside = range ? [range.first + 1, ...(changed?.length ? [] : [range.end])] : [];
    const note = `${formatSiteChange(site)}${changed?.length === 0 ? ', its text is unchanged' : ''}`;
    const source = sources.excerpt({ file: place, line: first, alsoMeant, of: 'suspect', note }, beside);
    if (source) shown += 1;
    return { ...site, source: source ? { ...source, file } : null };
  });
}
