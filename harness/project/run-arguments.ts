/** A project's scenario as the arguments of `floodgate run`: what the gate runs is what a user can type. Pure. */
import path from 'node:path';
import { stringify } from 'yaml';
import { FloodgateError } from '../../agent/errors.ts';
import { didYouMean } from '../../agent/nearest-name.ts';
import type { ScenarioConfig, TargetConfig } from './define.ts';
import type { Project } from './find-config.ts';

type Limits = Readonly<Record<string, string | number>>;

/** Limits of a scenario: the project's, then its own, then the environment's. */
export function limitsOf(
  project: Project,
  scenario: ScenarioConfig,
  kind: 'budgets' | 'thresholds',
  environment?: string,
): Limits {
  const { config } = project;
  return {
    ...config[kind],
    ...scenario[kind],
    ...(environment !== undefined && environmentOf(project, environment)[kind]),
  };
}

function environmentOf(
  project: Project,
  name: string,
): { budgets?: Limits | undefined; thresholds?: Limits | undefined } {
  const environments = project.config.environments ?? {};
  if (Object.hasOwn(environments, name)) return environments[name]!;
  throw new FloodgateError('option-invalid', `--env: there is no environment "${name}"`, {
    hint: `${didYouMean(name, Object.keys(environments))}Environments: ${Object.keys(environments).join(', ') || 'none in this configuration'}.`,
  });
}

/** The target of a scenario; undefined: floodgate's own agent. */
export function targetOf(project: Project, scenario: ScenarioConfig): TargetConfig | undefined {
  const targets = project.config.targets ?? {};
  const names = Object.keys(targets);
  if (scenario.target !== undefined) return targets[scenario.target];
  return scenario.load === undefined && (scenario.capture ?? scenario.builtin ?? scenario.traffic) !== undefined
    ? undefined
    : targets[names[0] ?? ''];
}

/** Whether it is floodgate's own agent, which needs no target. */
export function isOwnAgent(target: TargetConfig | undefined): target is undefined | { readonly agent: true } {
  return target === undefined || 'agent' in target;
}

/** Keeps a text as a file, and says where. */
export type Keep = (name: string, text: string) => string;

export interface RunArgumentsOptions {
  readonly environment?: string | undefined;
  /** Where traffic that is made is left as a scenario of its own, so that the run can be typed. */
  readonly keep: Keep;
  /** Limits as typed (`rss.max=20MB`), in place of the configuration's. */
  readonly budgets?: readonly string[] | undefined;
}

/**
 * Everything after `floodgate run`, without `--out`.
 */
export function runArguments(
  project: Project,
  scenario: ScenarioConfig,
  { environment, keep, budgets: given = [] }: RunArgumentsOptions,
): string[] {
  const words: string[] = [];
  const { traffic, agentArguments } = scenario;
  const isFrames = isOwnAgent(targetOf(project, scenario));
  if (traffic !== undefined) {
    // What the command line has no option for, or has for targets alone.
    const more = isFrames ? { recover: scenario.recover, agentArguments } : {};
    words.push(keep('traffic.yaml', stringify({ name: scenario.name, ...more, traffic })));
  }
  if (scenario.capture !== undefined) words.push(path.resolve(project.folder, scenario.capture));
  if (scenario.builtin !== undefined) words.push(scenario.builtin);
  if (scenario.requests !== undefined) words.push(path.resolve(project.folder, scenario.requests));
  words.push(...targetArguments(targetOf(project, scenario)), ...requestsArguments(scenario));
  const { load, lane, duration, idle, recover, speed, pps, mbps, profile, impair, seed, agentUntil, loop } = scenario;
  const { interfaces, spread, impairInterface } = scenario;
  const isKept = traffic !== undefined && isFrames;
  const options = {
    load,
    lane,
    duration,
    idle,
    recover: isKept ? undefined : recover,
    speed,
    pps,
    mbps,
    profile,
    impair,
    seed,
    loop,
    interfaces,
    spread,
    'impair-interface': impairInterface,
  };
  for (const [name, value] of Object.entries({ ...options, 'agent-until': agentUntil })) {
    if (value !== undefined) words.push(`--${name}`, String(value));
  }
  const replaced = new Set(given.map((text) => text.slice(0, Math.max(0, text.lastIndexOf('=')))));
  for (const [name, limit] of Object.entries(limitsOf(project, scenario, 'budgets', environment))) {
    if (replaced.has(name)) continue;
    words.push('--budget', `${name}=${typeof limit === 'number' ? limit : limit.replaceAll(' ', '')}`);
  }
  words.push(...given.flatMap((text) => ['--budget', text]));
  return words;
}

function requestsArguments(scenario: ScenarioConfig): string[] {
  const { requests, oneAtATime, topspeed, rewriteHeaders, dropHeaders, rewriteCookies, dropCookies } = scenario;
  const many = (option: string, texts: readonly string[] = []) => texts.flatMap((text) => [option, text]);
  return [
    ...(requests === undefined ? [] : ['--requests']),
    ...(oneAtATime ? ['--one-at-a-time'] : []),
    ...(topspeed ? ['--topspeed'] : []),
    ...many('--rewrite-header', rewriteHeaders),
    ...many('--drop-header', dropHeaders),
    ...many('--rewrite-cookie', rewriteCookies),
    ...many('--drop-cookie', dropCookies),
  ];
}

function targetArguments(target: TargetConfig | undefined): string[] {
  if (isOwnAgent(target)) return [];
  if ('pid' in target) return ['--target', `pid:${target.pid}`];
  if ('url' in target) return ['--target', target.url];
  const { command, ready, pprof } = target;
  return [
    '--target',
    command,
    ...(ready === undefined ? [] : ['--ready', ready]),
    ...(pprof === undefined ? [] : ['--pprof', pprof]),
  ];
}
