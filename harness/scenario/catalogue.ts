/** Finds the scenarios: one folder each below `scenarios/`, with a `scenario.ts` that exports `scenario`. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { FloodgateError } from '../../agent/errors.ts';
import { projectRoot } from '../profile/files.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
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
  return readdirSync(folder).filter((name) => existsSync(moduleOf(name, 'scenario')));
}

/** @throws FloodgateError `scenario-unknown` with the names there are */
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
  if (/^[a-z0-9-]+$/.test(name) && existsSync(file)) return pathToFileURL(file).href;
  throw new FloodgateError('scenario-unknown', `there is no scenario "${name}"`, {
    hint: `Scenarios: ${scenarioNames().join(', ')}. A capture file is replayed by its path, e.g. ./burst.pcap.`,
  });
}

/** What a sender needs to open a scenario's traffic for itself. @throws FloodgateError `scenario-unknown` */
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
  /** For the target's Node.js: puts the defect in its place. */
  readonly node: readonly string[];
  /** For the agent, where it needs some to show the defect. */
  readonly agent: readonly string[];
}

/** How an agent is started with a defect. @throws FloodgateError `defect-unknown` */
export async function defectArguments(name: string): Promise<DefectArguments> {
  if (!defectNames().includes(name)) {
    throw new FloodgateError('defect-unknown', `there is no defect "${name}"`, {
      hint: `Defects: ${defectNames().join(', ')}.`,
    });
  }
  const defect: { agentArguments?: readonly string[] } = await import(
    pathToFileURL(moduleOf('defects', name, 'replaces')).href
  );
  return {
    node: ['--import', `${pathToFileURL(moduleOf('defects', 'register')).href}?defect=${name}`],
    agent: defect.agentArguments ?? [],
  };
}
