/** Scenarios by what a person types: a name of floodgate's own library, the path of a scenario file, of a capture. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { limitsOf } from '../metrics/limits.ts';
import { parseQuantity } from '../metrics/quantity.ts';
import { captureScenario, type ScenarioHead } from '../scenario/capture-scenario.ts';
import { libraryFile, loadScenario, scenarioNames, scenarioOrder } from '../scenario/catalogue.ts';
import { articleMemory, type Budget } from '../scenario/scenario.ts';
import { parseImpairments } from '../traffic/impairments/parse.ts';
import { parseProfile } from '../traffic/parse-profile.ts';
import type { Pace } from '../traffic/traffic.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import { checkScenario, clashOf } from './check-config.ts';
import type { ScenarioConfig } from './define.ts';
import { readYaml } from './yaml-file.ts';

/** A scenario, and how its traffic is opened. */
export interface FoundScenario {
  readonly scenario: ScenarioHead;
  readonly order: (seed: number, sizeBytes: number | undefined) => TrafficOrder;
}

export function isScenarioFile(text: string): boolean {
  return /\.ya?ml$/i.test(text);
}

/** A folder that holds a scenario, as `floodgate record --on-spike` writes them, by its file; any other text as it is. */
export function scenarioOfFolder(text: string): string {
  const file = path.join(text, 'scenario.yaml');
  return text !== '' && existsSync(file) ? file : text;
}

/** A program that exports a scenario. */
export function isModuleFile(text: string): boolean {
  return /\.[cm]?[jt]s$/i.test(text);
}

export function isCaptureFile(text: string): boolean {
  return text === '-' || text.includes('/') || /\.(pcap|pcapng|cap)(\.gz|\.zst)?$/i.test(text);
}

/**
 * @param text a name of `floodgate list`, the path of a YAML file, or of a capture; what it names is not read yet in a capture
 * @throws FloodgateError `scenario-unknown`, `config-invalid`
 */
export async function findScenario(text: string): Promise<FoundScenario> {
  if (isScenarioFile(text)) return scenarioOf(path.resolve(text), text);
  // It would be executed; and a report that comes from elsewhere may name any path.
  if (isModuleFile(text)) {
    throw new FloodgateError(
      'option-invalid',
      `${text} is a program, which only floodgate run and list take by its path`,
      {
        hint: 'Name it in scenarios of floodgate.config.* (floodgate gate), or say the same in a YAML file.',
      },
    );
  }
  if (isCaptureFile(text)) {
    const { scenario, traffic } = captureScenario(text);
    return { scenario, order: () => traffic };
  }
  return findLibraryScenario(text);
}

/** The same, and a program by its path, which is executed: for what a person typed. @throws FloodgateError */
export async function findTypedScenario(text: string): Promise<FoundScenario> {
  return isModuleFile(text) ? foundIn(await moduleScenario(text), text, process.cwd()) : findScenario(text);
}

/** The scenario that a program exports, its capture by an absolute path. @throws FloodgateError `config-invalid` */
export async function moduleScenario(text: string): Promise<ScenarioConfig> {
  const { readValue } = await import('./find-config.ts');
  const file = path.resolve(text);
  const config = checkScenario((await readValue(file, text)).value, text);
  return config.capture === undefined
    ? config
    : { ...config, capture: path.resolve(path.dirname(file), config.capture) };
}

/**
 * @param text a name of `floodgate list`, and nothing else: a report that comes from elsewhere may name any path
 * @throws FloodgateError `scenario-unknown`
 */
export async function findLibraryScenario(text: string): Promise<FoundScenario> {
  const file = libraryFile(text);
  if (file !== undefined) return scenarioOf(file, `scenarios/${text}/${path.basename(file)}`);
  const scenario = await loadScenario(text);
  return { scenario, order: (seed, sizeBytes) => scenarioOrder(text, seed, sizeBytes) };
}

/** @param shown as it is named in messages */
async function scenarioOf(file: string, shown: string): Promise<FoundScenario> {
  const { value, lineOf } = readYaml(file, shown);
  return foundIn(checkScenario(value, shown, lineOf), shown, path.dirname(file));
}

/** @param shown as its file is named in messages @param folder what a path in it is relative to */
function foundIn(config: ScenarioConfig, shown: string, folder: string): Promise<FoundScenario> {
  const bad = (message: string, hint: string) =>
    new FloodgateError('config-invalid', `${shown}: scenario "${config.name}" ${message}`, { hint });
  const clash = clashOf(config);
  if (clash) throw bad(...clash);
  const other = (['load', 'requests', 'target'] as const).find((each) => config[each] !== undefined);
  if (other !== undefined) {
    throw bad(
      `has ${other}, which is for targets of a configuration`,
      `Name it in scenarios of floodgate.config.*, and run floodgate gate --only ${config.name}.`,
    );
  }
  return foundOf(config, folder, bad);
}

type Bad = (message: string, hint: string) => FloodgateError;

async function foundOf(config: ScenarioConfig, folder: string, bad: Bad): Promise<FoundScenario> {
  const { builtin, capture, traffic, impair, loop, interfaces = 1, spread = 'flow', impairInterface } = config;
  const impairments = impair === undefined ? undefined : parseImpairments(impair, 'impair');
  const source = await sourceOf({ builtin, capture, traffic }, folder, bad);
  return {
    scenario: headOf(config, source.scenario),
    order: (seed, sizeBytes) => ({
      ...source.order(seed, sizeBytes),
      ...(loop !== undefined && { loops: loop }),
      ...(interfaces > 1 && { spread: { interfaces, by: spread } }),
      ...(impairments && { impair: { impairments, seed, interfaceIndex: impairInterface } }),
    }),
  };
}

interface Source {
  /** What a scenario that it comes from says. */
  readonly scenario: ScenarioHead | undefined;
  readonly order: FoundScenario['order'];
}

async function sourceOf(
  { builtin, capture, traffic }: Pick<ScenarioConfig, 'builtin' | 'capture' | 'traffic'>,
  folder: string,
  bad: Bad,
): Promise<Source> {
  if (traffic !== undefined) {
    return {
      scenario: undefined,
      order: (seed, sizeBytes) => ({ kind: 'flood', plan: traffic, options: { seed, sizeBytes } }),
    };
  }
  if (capture !== undefined) {
    const order = { kind: 'recording', path: path.resolve(folder, capture) } as const;
    return { scenario: captureScenario(order.path).scenario, order: () => order };
  }
  if (builtin !== undefined) return findScenario(builtin);
  throw bad('sends nothing', 'Give it traffic, a capture, or a builtin.');
}

function headOf(config: ScenarioConfig, source: ScenarioHead | undefined): ScenarioHead {
  const { name, summary, about, group, sets, brokenBy, seed, lane, agentUntil, agentArguments, recover } = config;
  return {
    name,
    summary: summary ?? source?.summary ?? 'a scenario of your own',
    seed: seed ?? source?.seed ?? 1,
    pace: paceOf(config) ?? source?.pace ?? { kind: 'recorded', speed: 1 },
    lanes: lane === undefined ? (source?.lanes ?? ['tap', 'exact']) : [lane],
    budget: { ...(source?.budget ?? madeBudget(config)), ...budgetOf(config.budgets ?? {}) },
    ...definedOnly({
      ...{ about, group, sets, brokenBy },
      until: agentUntil ?? source?.until,
      agentArguments: agentArguments ?? source?.agentArguments,
      settleSeconds: recover === undefined ? undefined : parseQuantity(recover, 'recover', 'seconds'),
    }),
  };
}

/** Of traffic that is made, whose truth is known whole; memory is the article's where the scenario does not limit it itself. */
function madeBudget({ budgets = {} }: ScenarioConfig): Budget {
  const isLimited = Object.keys(budgets).some((name) => name.startsWith('rss.'));
  return { ...(isLimited ? {} : articleMemory), 'dropped.frames': 0, 'missed.messages': 0 };
}

function definedOnly<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** Limits as a configuration writes them: `{ 'rss.max': '200 MB' }`. @throws FloodgateError `option-invalid` for one that is none */
export function budgetOf(budgets: Readonly<Record<string, string | number>>): Budget {
  return limitsOf(
    Object.entries(budgets).map(([name, limit]) => `${name}=${String(limit).replaceAll(' ', '')}`),
    'budgets',
  );
}

function paceOf({ speed, pps, mbps, profile }: ScenarioConfig): Pace | undefined {
  if (profile !== undefined) return { kind: 'profile', ...parseProfile(profile, 'profile') };
  if (pps !== undefined) return { kind: 'frames', framesPerSecond: pps };
  if (mbps !== undefined) return { kind: 'bits', megabitsPerSecond: mbps };
  return speed === undefined ? undefined : { kind: 'recorded', speed };
}

/** The groups of the library, in the order that they are listed in. */
const groups = ['article', 'network', 'protocol', 'load', 'hostile'];

/** Every scenario of floodgate's own, by group and by name. @throws FloodgateError for one that cannot be read */
export async function library(): Promise<readonly ScenarioHead[]> {
  const all = await Promise.all(scenarioNames().map(async (name) => (await findScenario(name)).scenario));
  const place = ({ group }: ScenarioHead) => groups.indexOf(group ?? '');
  return all.sort((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1));
}
