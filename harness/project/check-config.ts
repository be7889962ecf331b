/** Checks a project's configuration, and scenarios in files of their own. */
import type { FloodgateError } from '../../agent/errors.ts';
import { metricFault } from '../metrics/known-metric.ts';
import { parseQuantity, parseThreshold } from '../metrics/quantity.ts';
import { findMetric } from '../metrics/table.ts';
import { parseImpairments } from '../traffic/impairments/parse.ts';
import { configSchema } from './config.ts';
import type { ProjectConfig, ScenarioConfig } from './define.ts';
import { scenarioSchema } from './scenario-schema.ts';
import { type Fault, type LineOf, type Place, parseChecked, refusal } from './schema-faults.ts';
import { toFillIn } from './to-fill-in.ts';

const hint =
  'The names are in docs/project.md and, of traffic, in docs/floods.md; "floodgate init" writes a file that works.';

/** @throws FloodgateError `config-invalid` with each fault's place, and the nearest name for an unknown key */
export function checkConfig(value: unknown, file: string, lineOf?: LineOf): ProjectConfig {
  refuseOther(value, { file, lineOf, hint });
  const { $schema: _, ...config } = parseChecked(configSchema, value, { file, lineOf, hint });
  const faults = [
    ...Object.entries(config.targets ?? {}).flatMap(([name, target]) =>
      'command' in target ? unfilled(target.command, ['targets', name, 'command']) : [],
    ),
    ...metricFaults(config, []),
    ...Object.entries(config.environments ?? {}).flatMap(([name, each]) => metricFaults(each, ['environments', name])),
    ...(config.scenarios ?? []).flatMap((each, at) =>
      typeof each === 'string'
        ? []
        : [...metricFaults(each, ['scenarios', at]), ...impairFaults(each, ['scenarios', at])],
    ),
  ];
  if (faults.length > 0) throw refusal(faults, { file, lineOf, hint });
  return config;
}

/** @throws FloodgateError `config-invalid` */
export function checkScenario(value: unknown, file: string, lineOf?: LineOf): ScenarioConfig {
  refuseOther(value, { file, lineOf, hint });
  const { $schema: _, ...scenario } = parseChecked(scenarioSchema, value, { file, lineOf, hint });
  const faults = [...metricFaults(scenario, []), ...impairFaults(scenario, [])];
  if (faults.length > 0) throw refusal(faults, { file, lineOf, hint });
  return scenario;
}

/** Whatever has no names of its own (a list, a Map) would be read as one that says nothing. @throws FloodgateError `config-invalid` */
function refuseOther(value: unknown, checked: Parameters<typeof refusal>[1]): void {
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1);
  if (kind === 'Object' || kind === 'Module') return;
  const isList = kind === 'Array';
  throw refusal(
    [{ place: [], text: `it is ${isList ? 'a list' : `of the kind ${kind}`}, and no object with names` }],
    checked,
  );
}

/** What "floodgate init" could not know. */
function unfilled(text: string, place: Place): Fault[] {
  return text.startsWith(toFillIn) ? [{ place, text: `is still to be filled in${text.slice(toFillIn.length)}` }] : [];
}

type Limited = Pick<ScenarioConfig, 'budgets' | 'thresholds'>;

/** Limits on what there is not, or of what is none of its metric's amounts, which a run would find out only when its turn comes. */
function metricFaults(limited: Limited, place: Place): Fault[] {
  return (['budgets', 'thresholds'] as const).flatMap((kind) =>
    Object.entries(limited[kind] ?? {}).flatMap(([name, value]) => {
      const text = metricFault(name) ?? valueFault(kind, name, value);
      return text === undefined ? [] : [{ place: [...place, kind, name], text }];
    }),
  );
}

/** Impairments that there are not, or of amounts that they do not have. */
function impairFaults({ impair }: Pick<ScenarioConfig, 'impair'>, place: Place): Fault[] {
  if (impair === undefined) return [];
  try {
    parseImpairments(impair, 'impair');
    return [];
  } catch (error) {
    const { message, hint } = error as FloodgateError;
    return [{ place: [...place, 'impair'], text: `${message.replace(/^impair:? /, '')}. ${hint}` }];
  }
}

/** A budget is in the metric's unit, a threshold a share. Undefined where the value is one. */
function valueFault(kind: 'budgets' | 'thresholds', name: string, value: string | number): string | undefined {
  const unit = kind === 'thresholds' ? 'share' : findMetric(name)!.unit;
  const isAll = kind === 'thresholds' && value === 1;
  if (typeof value === 'number' && !isAll) {
    if (value > Number.MAX_SAFE_INTEGER) return `${value} is no limit: nothing counts so far`;
    if (Number.isFinite(value) && value >= 0 && (unit !== 'share' || value <= 1)) return undefined;
    return `${value} is no limit: it is ${unit === 'share' ? 'a share from 0 to 1' : '0 or more'}`;
  }
  try {
    const amount =
      kind === 'thresholds'
        ? parseThreshold(value, name)
        : parseQuantity(String(value).replaceAll(' ', ''), name, unit);
    return amount > Number.MAX_SAFE_INTEGER ? `"${value}" is no limit: nothing counts so far` : undefined;
  } catch (error) {
    const { message, hint } = error as FloodgateError;
    return `${message.slice(name.length + 2)}. ${hint}`;
  }
}

/** Two settings of a scenario that exclude each other: what is wrong, and what to do. */
export function clashOf(scenario: ScenarioConfig): [message: string, hint: string] | undefined {
  const given = (...names: (keyof ScenarioConfig)[]) => names.filter((name) => scenario[name] !== undefined);
  const drivers = given('load', 'capture', 'requests', 'builtin', 'traffic');
  if (drivers.length > 1) return [`has more than one of ${listed(drivers)}`, 'Keep the one that drives the target.'];
  const paces = given('speed', 'pps', 'mbps', 'profile', 'topspeed', 'oneAtATime');
  if (paces.length > 1) return [`has more than one of ${listed(paces)}`, 'Keep the one that says how fast it is sent.'];
  const [needless] = given('impair', 'interfaces', 'pps', 'mbps', 'profile');
  if (needless !== undefined && scenario.load !== undefined) {
    return [`has a load and ${needless}, which is for frames`, 'Leave one of them out.'];
  }
  const { interfaces = 1, impairInterface } = scenario;
  const [several] = given('spread', 'impairInterface');
  if (several !== undefined && interfaces === 1) {
    return [`has ${several}, which is for several interfaces`, 'Add interfaces: 8, or leave it out.'];
  }
  if (impairInterface !== undefined && (scenario.impair === undefined || impairInterface >= interfaces)) {
    const why = scenario.impair === undefined ? 'nothing that impairs' : `only interfaces 0 to ${interfaces - 1}`;
    return [`has impairInterface ${impairInterface}, and ${why}`, 'Add impair: loss=1%, or name another interface.'];
  }
  if (scenario.unanswered !== undefined && scenario.load === undefined) {
    return ['has unanswered, which is for a load', 'Add load: COMMAND, or leave it out.'];
  }
  const [own] = given('oneAtATime', 'topspeed', 'rewriteHeaders', 'dropHeaders', 'rewriteCookies', 'dropCookies');
  if (own !== undefined && scenario.requests === undefined) {
    return [`has ${own}, which is for recorded requests`, 'Add requests: "prod.pcapng", or leave it out.'];
  }
  const [frames] = given('impair', 'interfaces', 'pps', 'mbps', 'profile', 'lane', 'seed', 'duration');
  if (frames !== undefined && scenario.requests !== undefined) {
    return [`has requests and ${frames}, which does not go with them`, 'Leave one of them out.'];
  }
  return undefined;
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
