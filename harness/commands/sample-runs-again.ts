/** Call sites of two runs that were measured without them: the versions that they measured, each once more, sampled. */
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { type EarlierRun, earlierRun } from '../compare/earlier-run.ts';
import { sampleVersions } from '../compare/sampled-sites.ts';
import type { Evidence } from '../compare/site-evidence.ts';
import { cellsOf } from '../compare/version-cells.ts';
import { VersionStore } from '../compare/version-store.ts';
import { loadProject } from '../project/find-config.ts';
import type { SitesFile } from '../report/sites-file.ts';
import { makeReportFolder } from './report-folder.ts';
import { openSession } from './session.ts';

export interface SampledScenario {
  readonly name: string;
  readonly base: SitesFile;
  readonly head: SitesFile;
  readonly evidence: Evidence;
}

/**
 * @param only scenarios, where not all that both ran are wanted
 * @returns undefined where one of the places is no run of a project that says what it measured
 * @throws FloodgateError where a version cannot be run again, or names no call sites
 */
export async function sampleRunsAgain(
  a: string,
  b: string,
  only: readonly string[] | undefined,
): Promise<SampledScenario[] | undefined> {
  const [base, head] = [versionAt(a), versionAt(b)];
  if (!base || !head) return undefined;
  const project = await loadProject(process.cwd());
  const names = base.scenarios.filter((name) => head.scenarios.includes(name) && (only?.includes(name) ?? true));
  const scenarios = project.scenarios.filter(({ name }) => names.includes(name));
  if (scenarios.length === 0) throw nothingInCommon(a, b, project.file);
  const session = await openSession(project.file);
  const onStep = (text: string) => void process.stderr.write(`${text}\n`);
  const store = new VersionStore({ folder: project.folder, build: project.config.build, onStep });
  try {
    const label = ({ file }: EarlierRun) => `./${path.relative(project.folder, file)}`;
    const versions = { base: await store.prepare(label(base)), head: await store.prepare(label(head)) };
    const folder = makeReportFolder('diff', undefined);
    const sampled: SampledScenario[] = [];
    for (const scenario of scenarios) {
      onStep(`${scenario.name}: looking for the call sites of both versions`);
      const order = { project, scenario, versions, store, folder, environment: undefined, thresholds: [] };
      const found = await sampleVersions(order, cellsOf({ ...order, signal: session.signal }));
      if (!found?.base.requests || !found.head.requests) throw withoutSites(scenario.name);
      const { base: before, head: after, evidence } = found;
      sampled.push({ name: scenario.name, base: before, head: after, evidence });
    }
    return sampled;
  } finally {
    store.close();
  }
}

/** A scenario's own folder lies in that of its gate or comparison, which says the version. */
function versionAt(place: string): EarlierRun | undefined {
  const absolute = path.resolve(place);
  const own = saysVersion(absolute);
  if (own) return own;
  const around = saysVersion(path.dirname(absolute));
  const name = path.basename(absolute);
  return around?.scenarios.includes(name) ? { ...around, scenarios: [name] } : undefined;
}

function saysVersion(place: string): EarlierRun | undefined {
  try {
    return earlierRun(place);
  } catch {
    return undefined;
  }
}

function nothingInCommon(a: string, b: string, file: string): FloodgateError {
  return new FloodgateError('option-invalid', `${a} and ${b} have no scenario in common`, {
    hint: `That is in ${file}: floodgate report DIR shows what a run was of.`,
  });
}

function withoutSites(name: string): FloodgateError {
  return new FloodgateError(
    'profile-missing',
    `scenario "${name}" names no call sites, or its requests are not counted`,
    {
      hint: 'It takes a Node.js program that answers requests, a Go program with pprof, or our agent.',
    },
  );
}
