/** What a bisection asks, and what each of its findings depends on besides. */
import { createHash } from 'node:crypto';
import type { Project } from '../project/find-config.ts';
import type { ScenarioConfig } from '../project/scenario-schema.ts';
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
  const { build, targets } = project.config;
  const ends = [commits[0]!.id, commits.at(-1)!.id];
  const conditions = loadFiles(project.folder, JSON.stringify(scenario));
  conditions.set(`scenario ${scenario.name}`, hashOf(scenario));
  conditions.set('build and targets of the configuration', hashOf([build ?? null, targets ?? null]));
  conditions.set('--threshold', threshold ?? '');
  conditions.set('--max-pairs', String(pairsMax));
  conditions.set('floodgate', toolVersion);
  return { question: hashOf([ends, scenario.name, metric]), conditions };
}

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
