/** Checks a project's configuration and says what is wrong with it in the words of its author. */
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import { nearestName } from '../../agent/nearest-name.ts';
import {
  configSchema,
  layerSchema,
  type ProjectConfig,
  type ScenarioConfig,
  scenarioSchema,
  targetSchema,
} from './config.ts';

/** Faults shown at once: more of them are one mistake. */
const faultsShown = 5;

/** @throws FloodgateError `config-invalid` with each fault's place, and the nearest name for an unknown key */
export function checkConfig(value: unknown, file: string): ProjectConfig {
  return parse(configSchema, value, file);
}

/** @throws FloodgateError `config-invalid` */
export function checkScenario(value: unknown, file: string): ScenarioConfig {
  return parse(scenarioSchema, value, file);
}

function parse<const Schema extends typeof configSchema | typeof scenarioSchema>(
  schema: Schema,
  value: unknown,
  file: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const faults = result.issues.flatMap((issue) => describe(issue, Object.keys(schema.entries)));
  const shown = faults.slice(0, faultsShown).join('\n  ');
  const more = faults.length > faultsShown ? `\n  … and ${faults.length - faultsShown} more` : '';
  throw new FloodgateError('config-invalid', `${file}:\n  ${shown}${more}`, {
    hint: 'The names are in docs/project.md; "floodgate init" writes a file that works.',
  });
}

type Issue = v.BaseIssue<unknown>;

function describe(issue: Issue, root: readonly string[], base = ''): string[] {
  const place = join(base, v.getDotPath(issue) ?? '');
  // Of a union the branch that came furthest is the one that was meant.
  if (issue.issues && issue.issues.length > 0) {
    const nested = issue.issues.filter(
      (each) => each.type !== 'object' && each.type !== 'string' && each.type !== 'array',
    );
    const unknown = nested.filter((each) => each.expected === 'never');
    if (unknown.length > 0 && unknown.length === nested.length)
      return [...new Set(unknown.flatMap((each) => describe(each, root, place)))].slice(0, 1);
    const depth = (each: Issue) => each.path?.length ?? 0;
    const deepest = Math.max(0, ...nested.map(depth));
    const best = nested.filter((each) => depth(each) === deepest && deepest > 0);
    if (best.length > 0 && best.length < 3) return [...new Set(best.flatMap((each) => describe(each, root, place)))];
  }
  if (issue.expected === 'never') return [unknownKey(place, issue, root)];
  return [`${place || 'the configuration'}: ${issue.message}`];
}

function unknownKey(place: string, issue: Issue, root: readonly string[]): string {
  const key = String(issue.path?.at(-1)?.key ?? '');
  const near = nearestName(key, knownKeys(place, root));
  return `${place}: there is no such name${near ? `; is "${near}" meant?` : ''}`;
}

const targetKeys = targetSchema.options.flatMap(({ entries }) => Object.keys(entries));

/** The keys that may stand where an unknown one stood. */
function knownKeys(place: string, root: readonly string[]): readonly string[] {
  if (!place.includes('.')) return root;
  if (place.startsWith('targets.')) return targetKeys;
  if (place.startsWith('environments.')) return Object.keys(layerSchema);
  return Object.keys(scenarioSchema.entries);
}

function join(base: string, place: string): string {
  if (base === '' || place === '') return base || place;
  return `${base}.${place}`;
}
