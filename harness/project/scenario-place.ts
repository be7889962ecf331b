/** Where a scenario is defined: what has no place of its own in the code is shown there. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ScenarioConfig } from './define.ts';
import type { Project } from './find-config.ts';

export interface ScenarioPlace {
  /** Relative to the project, with slashes. */
  readonly file: string;
  /** 1-based: where its name stands, else the first. */
  readonly line: number;
}

/** The configuration itself, relative to the project. */
export const configName = ({ file }: Project): string => path.basename(file);

export function placeOfScenario(project: Project, { name }: ScenarioConfig): ScenarioPlace {
  const file = project.scenarioFiles?.get(name) ?? configName(project);
  return { file, line: lineOf(path.join(project.folder, file), name) };
}

function lineOf(file: string, name: string): number {
  const quoted = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`["']?\\bname["']?\\s*:\\s*["'\`]?${quoted}(?![\\w-])`);
  try {
    return Math.max(
      1,
      readFileSync(file, 'utf8')
        .split('\n')
        .findIndex((line) => pattern.test(line)) + 1,
    );
  } catch {
    return 1;
  }
}
