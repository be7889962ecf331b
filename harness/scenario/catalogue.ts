/** Finds the scenarios: one folder each below `scenarios/`, with a `scenario.yaml`, or a `scenario.ts` that exports `scenario`. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { FloodgateError } from '../../agent/errors.ts';
import { didYouMean } from '../../agent/nearest-name.ts';
import { projectRoot } from '../profile/files.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import { type AgentStage, reaches } from './agent-stage.ts';
import type { Scenario } from './scenario.ts';

const extension = path.extname(import.meta.filename);

/** TypeScript in the repository, JavaScript where it was built. */
function moduleOf(...parts: string[]): string {
  return path.join(projectRoot, 'scenarios', ...parts) + extension;
}

/** Names in alphabetical order. */
export function scenarioNames(): string[] {
  const folder = path.join(projectRoot, 'scenarios');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(moduleOf(name, 'scenario')) || libraryFile(name) !== undefined)
    .sort();
}

/** The YAML file of a scenario; undefined where it is a module, or is not there. */
export function libraryFile(name: string): string | undefined {
  const file = path.join(projectRoot, 'scenarios', name, 'scenario.yaml');
  return isName(name) && existsSync(file) ? file : undefined;
}

function isName(name: string): boolean {
  return /^[a-z0-9-]+$/.test(name);
}

/** One that is a module. @throws FloodgateError `scenario-unknown` with the names there are */
export async function loadScenario(name: string): Promise<Scenario> {
  const loaded: { scenario: Scenario } = await import(scenarioUrl(name));
  return loaded.scenario;
}

/**
 * A module that is going to be executed: a name out of a foreign report must not lead anywhere else.
 * @throws FloodgateError `scenario-unknown`
 */
function scenarioUrl(name: string): string {
  const file = moduleOf(name, 'scenario');
  if (isName(name) && existsSync(file)) return pathToFileURL(file).href;
  const names = scenarioNames();
  throw new FloodgateError('scenario-unknown', `there is no scenario "${name}"`, {
    hint:
      `${didYouMean(name, names)}Scenarios: ${names.join(', ')}. ` +
      'A capture file, and a scenario in YAML or TypeScript, are run by their paths, e.g. ./burst.pcap.',
  });
}

/** What a sender needs to open the traffic of one that is a module for itself. @throws FloodgateError `scenario-unknown` */
export function scenarioOrder(name: string, seed: number, sizeBytes: number | undefined): TrafficOrder {
  const moduleUrl = scenarioUrl(name);
  return { kind: 'scenario', moduleUrl, options: { seed, sizeBytes } };
}

/** Names of the defects that can take a real module's place. */
export function defectNames(): string[] {
  const folder = path.join(projectRoot, 'scenarios', 'defects');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(moduleOf('defects', entry.name, 'replaces')))
    .map((entry) => entry.name);
}

/** What a defect does, in a line. */
export async function defectSummary(name: string): Promise<string> {
  const defect: { summary: string } = await import(pathToFileURL(moduleOf('defects', name, 'replaces')).href);
  return defect.summary;
}

export interface DefectArguments {
  /** For the target's Node.js: puts the defects in their places. */
  readonly node: readonly string[];
  /** For the agent, where it needs some to show them. */
  readonly agent: readonly string[];
  /** The first stage at which all of them show; undefined where every agent gets so far. */
  readonly until: AgentStage | undefined;
}

interface Defect {
  readonly replaces: Readonly<Record<string, string>>;
  readonly agentArguments?: readonly string[];
  /** Where no other defect is in its place: what it takes to show this one by itself. */
  readonly agentArgumentsAlone?: readonly string[];
  readonly until?: AgentStage;
}

/**
 * How an agent is started with defects.
 * @param names one, or several with commas between; undefined: none
 * @throws FloodgateError `defect-unknown`, or `defect-conflict` where two want the same module's place
 */
export async function defectArguments(names: string | undefined): Promise<DefectArguments> {
  if (names === undefined) return { node: [], agent: [], until: undefined };
  const known = defectNames();
  const defects: Defect[] = [];
  const places = new Map<string, string>();
  for (const name of new Set(names.split(',').map((each) => each.trim()))) {
    if (!known.includes(name)) {
      throw new FloodgateError('defect-unknown', `there is no defect "${name}"`, {
        hint: `Defects: ${known.join(', ')}. Several at once: --defect ${known.slice(0, 2).join(',')}.`,
      });
    }
    const defect: Defect = await import(pathToFileURL(moduleOf('defects', name, 'replaces')).href);
    for (const module of Object.keys(defect.replaces)) {
      const other = places.get(module);
      if (other !== undefined) {
        throw new FloodgateError('defect-conflict', `the defects ${other} and ${name} both replace ${module}`, {
          hint: 'Leave one of them out.',
        });
      }
      places.set(module, name);
    }
    defects.push(defect);
  }
  const query = [...new Set(places.values())].join(',');
  return {
    node: ['--import', `${pathToFileURL(moduleOf('defects', 'register')).href}?defect=${query}`],
    agent: [
      ...defects.flatMap(({ agentArguments }) => agentArguments ?? []),
      ...((defects.length === 1 && defects[0]!.agentArgumentsAlone) || []),
    ],
    until: defects.map(({ until }) => until).reduce(laterOf, undefined),
  };
}

function laterOf(a: AgentStage | undefined, b: AgentStage | undefined): AgentStage | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return reaches(a, b) ? a : b;
}
