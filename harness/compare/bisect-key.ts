/** What a bisection asks, and what each of its findings depends on besides. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import type { BisectKey } from './bisect-log.ts';
import type { Commit } from './commits-between.ts';
import { loadFiles } from './load-files.ts';

interface Asked {
  readonly project: Project;
  readonly scenario: ScenarioConfig;
  readonly metric: string;
  /** The good one first, the bad one last. */
  readonly commits: readonly Commit[];
  readonly threshold?: string | undefined;
  readonly pairsMax: number;
  readonly toolVersion: string;
}

export function bisectKey({ project, scenario, metric, commits, threshold, pairsMax, toolVersion }: Asked): BisectKey {
  // Other scenarios, and where results go, change no finding.
  const { scenarios: _, store: __, queue: ___, ...settings } = project.config;
  const ends = [commits[0]!.id, commits.at(-1)!.id];
  const conditions = loadFiles(project.folder, JSON.stringify([scenario, settings]));
  conditions.set(`scenario ${scenario.name}`, hashOf(scenario));
  conditions.set('settings of the configuration', hashOf(settings));
  conditions.set('the Node.js on the path', nodeOnPath());
  conditions.set('--threshold', threshold ?? '');
  conditions.set('--max-pairs', String(pairsMax));
  conditions.set('floodgate', toolVersion);
  return { question: hashOf([ends, scenario.name, metric]), conditions };
}

/** Of services and loads; figures of two are not alike. */
const nodeOnPath = () => spawnSync('node', ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
