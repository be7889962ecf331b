/** Finds a project's configuration from a folder upwards, and reads it whatever form it has. */
import { existsSync, globSync, lstatSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { FloodgateError } from '../../agent/errors.ts';
import { knowProject } from '../redaction/project-texts.ts';
import { checkConfig, checkScenario, clashOf } from './check-config.ts';
import { configNamesIn, isModuleFile, isTextFile, readNames } from './config-names.ts';
import type { ProjectConfig, ScenarioConfig } from './define.ts';
import { moduleFault } from './module-fault.ts';
import { importBySyntax } from './module-syntax.ts';
import type { LineOf } from './schema-faults.ts';
import { readYaml } from './yaml-file.ts';

const scenarioFilesMax = 1_000;

export interface Project {
  /** The configuration's file, absolute. */
  readonly file: string;
  /** Its folder: what paths in it are relative to. */
  readonly folder: string;
  readonly config: ProjectConfig;
  /** Inline ones and those of globs, in order; names are unique. */
  readonly scenarios: readonly ScenarioConfig[];
  /** Of those in files of their own, by name: the file, relative to the folder. @default none are */
  readonly scenarioFiles?: ReadonlyMap<string, string>;
}

/** The configuration's path, or undefined where no folder upwards has one. @throws FloodgateError where one has two, or one that is not read */
export function findConfigFile(from: string): string | undefined {
  for (let folder = path.resolve(from); ; folder = path.dirname(folder)) {
    const found = configNamesIn(folder);
    if (found.length > 1) {
      throw new FloodgateError('config-invalid', `${folder} has ${found.join(' and ')}`, { hint: 'Keep one of them.' });
    }
    if (found.length === 1) {
      refusePublic(folder, found[0]!);
      return path.join(folder, found[0]!);
    }
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** A configuration is run: one that anyone may have put there (`/tmp`) is not. */
function refusePublic(folder: string, name: string): void {
  const othersWrite = 0o002;
  if (process.platform === 'win32' || (statSync(folder).mode & othersWrite) === 0) return;
  throw new FloodgateError(
    'config-untrusted',
    `${path.join(folder, name)} lies where anyone can write: it is not run`,
    {
      hint: 'Move the project into a folder of your own, or name the file: --config FILE.',
    },
  );
}

/** @throws FloodgateError `config-invalid`, or `config-missing` where there is none */
export async function loadProject(from: string, given?: string): Promise<Project> {
  const file = given === undefined ? findConfigFile(from) : path.resolve(from, given);
  if (file !== undefined && !existsSync(file) && lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new FloodgateError('config-missing', `${file} is a link that leads nowhere`, {
      hint: 'Bring back what it names, or remove the link.',
    });
  }
  if (file === undefined || !existsSync(file)) {
    throw new FloodgateError(
      'config-missing',
      file ? `${file} does not exist` : 'there is no floodgate.config.* here or in a folder above',
      {
        hint: '"floodgate init" writes one.',
      },
    );
  }
  const folder = path.dirname(file);
  const shown = path.relative(from, file) || file;
  const { value, lineOf } = await readValue(file, shown);
  const config = checkConfig(value, shown, lineOf);
  const scenarios: ScenarioConfig[] = [];
  const scenarioFiles = new Map<string, string>();
  for (const each of config.scenarios ?? []) {
    if (typeof each !== 'string') {
      scenarios.push(each);
      continue;
    }
    for (const { scenario, name } of await scenariosOf(each, folder)) {
      scenarios.push(scenario);
      scenarioFiles.set(scenario.name, name.split(path.sep).join('/'));
    }
  }
  checkNames(scenarios, config, file);
  knowProject([config, scenarios], path.basename(folder));
  return { file, folder, config, scenarios, scenarioFiles };
}

async function scenariosOf(glob: string, folder: string): Promise<{ scenario: ScenarioConfig; name: string }[]> {
  const files = globSync(glob, { cwd: folder, exclude: (name) => name === 'node_modules' })
    .sort()
    .slice(0, scenarioFilesMax);
  if (files.length === 0) {
    throw new FloodgateError('config-invalid', `scenarios: no file matches "${glob}"`, {
      hint: `Globs are relative to ${folder}; * does not cross a slash, ** does.`,
    });
  }
  const scenarios: { scenario: ScenarioConfig; name: string }[] = [];
  for (const name of files) {
    const { value, lineOf } = await readValue(path.join(folder, name), name);
    scenarios.push({ scenario: withCapture(checkScenario(value, name, lineOf), path.dirname(name)), name });
  }
  return scenarios;
}

/** A recording is named relative to the file that names it. @param folder of that file, relative to the configuration */
function withCapture(scenario: ScenarioConfig, folder: string): ScenarioConfig {
  const { capture, requests } = scenario;
  const moved = (file: string) => (path.isAbsolute(file) ? file : path.join(folder, file));
  return {
    ...scenario,
    ...(capture !== undefined && { capture: moved(capture) }),
    ...(requests !== undefined && { requests: moved(requests) }),
  };
}

/** What a YAML or JSON file says, or a module exports. @throws FloodgateError `config-invalid` */
export async function readValue(file: string, shown: string): Promise<{ value: unknown; lineOf?: LineOf }> {
  if (isTextFile(file)) return readYaml(file, shown);
  if (!isModuleFile(file)) {
    const ending = path.extname(file) || 'without an ending';
    throw new FloodgateError('config-invalid', `${shown} cannot be read: a file ${ending} is none of those that are`, {
      hint: `Read are ${readNames}; a scenario's file has one of these endings too.`,
    });
  }
  let value: unknown;
  try {
    const loaded: { default?: unknown } = await importBySyntax(pathToFileURL(file).href);
    value = await exported(await loaded.default);
  } catch (cause) {
    throw unreadable(shown, moduleFault(cause, file, shown), cause);
  }
  if (value !== undefined) return { value };
  throw unreadable(shown, 'it exports no default');
}

/** What a compiler made of a module for `require` has its default one level down. */
function exported(value: unknown): unknown {
  const { __esModule: isCompiled, default: inner } = Object(value) as { __esModule?: unknown; default?: unknown };
  return isCompiled === true && inner !== undefined ? inner : value;
}

function unreadable(shown: string, why: string, cause?: unknown): FloodgateError {
  return new FloodgateError('config-invalid', `${shown} cannot be read: ${why}`, {
    hint: 'A configuration is "export default defineConfig({ … })" or "module.exports = { … }", a scenario "export default defineScenario({ … })"; or YAML with the same names.',
    cause,
  });
}

function checkNames(scenarios: readonly ScenarioConfig[], config: ProjectConfig, file: string): void {
  const targets = Object.keys(config.targets ?? {});
  const seen = new Set<string>();
  for (const scenario of scenarios) {
    const { name, target, builtin, capture, traffic } = scenario;
    const bad = (message: string, hint: string) =>
      new FloodgateError('config-invalid', `${file}: scenario "${name}" ${message}`, { hint });
    if (seen.has(name)) throw bad('stands twice', 'Give each scenario a name of its own.');
    seen.add(name);
    if (target !== undefined && !targets.includes(target)) {
      throw bad(
        `names the target "${target}", which is not in targets`,
        `Targets: ${targets.join(', ') || 'none yet'}.`,
      );
    }
    if (target === undefined && targets.length > 1 && (builtin ?? capture ?? traffic) === undefined) {
      throw bad('does not say which target it is for', `Add target: one of ${targets.join(', ')}.`);
    }
    const clash = clashOf(scenario);
    if (clash) throw bad(...clash);
  }
}
