/** Checks a project's configuration, and scenarios in files of their own. */
import { configSchema, type ProjectConfig } from './config.ts';
import { type ScenarioConfig, scenarioSchema } from './scenario-schema.ts';
import { type LineOf, parseChecked } from './schema-faults.ts';

const hint =
  'The names are in docs/project.md and, of traffic, in docs/floods.md; "floodgate init" writes a file that works.';

/** @throws FloodgateError `config-invalid` with each fault's place, and the nearest name for an unknown key */
export function checkConfig(value: unknown, file: string, lineOf?: LineOf): ProjectConfig {
  return parseChecked(configSchema, value, { file, lineOf, hint });
}

/** @throws FloodgateError `config-invalid` */
export function checkScenario(value: unknown, file: string, lineOf?: LineOf): ScenarioConfig {
  return parseChecked(scenarioSchema, value, { file, lineOf, hint });
}
