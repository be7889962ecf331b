/** One trial: `floodgate run` of a candidate, or a command of the user's, and what of it the condition asks for. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { FloodgateError } from '../../agent/errors.ts';
import type { RunReport } from '../../reports/model.ts';
import { errorSentence } from '../compare/floodgate-process.ts';
import { endWords, runReported } from '../compare/run-process.ts';
import type { Lane } from '../scenario/scenario.ts';
import { type Condition, metricsOf, needsSuspects, type Observation } from './condition.ts';
import { growthOf, sinceTraffic } from './growth.ts';

/** What a candidate is run with. */
export interface TrialSetting {
  readonly condition: Condition;
  /** Words of `floodgate run` beside the candidate and the lane. */
  readonly words: readonly string[];
  /** Of our agent, where a scenario says so: they have no word of their own. */
  readonly agentArguments: readonly string[];
  /** Where our agent ends in the exact lane; undefined: the target is another. */
  readonly exactStage: string | undefined;
  /** A command whose exit code decides, `{capture}` filled in; undefined: the run's own. */
  readonly check: string | undefined;
  /** Whether the requests of the candidate are sent, and no frames. */
  readonly isRequests: boolean;
  readonly signal: AbortSignal;
}

/** Readings of memory in the exact lane, where a megabyte takes some milliseconds: they say what it grew with. */
const sampleShort = '5';
/** What memory does after the last frame is of no account, unless the condition asks for it. */
const settleShort = '300ms';

/** @param file the candidate @param folder for the trial's own files; removed after it */
export async function runTrial(setting: TrialSetting, file: string, lane: Lane, folder: string): Promise<Observation> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    const observation = await observe(setting, file, lane, folder);
    if (setting.signal.aborted) throw interrupted();
    return observation;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function interrupted(): FloodgateError {
  return new FloodgateError('interrupted', 'interrupted', {
    hint: 'The same command goes on where it was.',
    exitCode: 3,
  });
}

async function observe(setting: TrialSetting, file: string, lane: Lane, folder: string): Promise<Observation> {
  const { condition, check } = setting;
  if (check === undefined) return runCandidate(setting, file, lane, folder);
  // Where metrics are asked for as well, both are run.
  const asksRun = condition.clauses.some(({ kind }) => kind !== 'exit');
  const observation = asksRun ? await runCandidate(setting, file, lane, folder) : nothing('');
  return { ...observation, exitCode: await checked(check, file, setting.signal) };
}

const nothing = (failure: string): Observation => ({ figures: {}, suspects: [], causes: [], exitCode: null, failure });

async function runCandidate(setting: TrialSetting, file: string, lane: Lane, folder: string): Promise<Observation> {
  const end = await runReported({
    arguments: trialWords(setting, file, lane, folder),
    folder: undefined,
    out: path.join(folder, 'run'),
    signal: setting.signal,
  });
  if (end.report) return observationOf(end.report, setting.condition, end.code);
  return nothing(errorSentence(end.errors) ?? (end.errors.trim().split('\n').at(-1) || endWords(end.code)));
}

/** Everything after `floodgate run`, but the report's folder. */
function trialWords(setting: TrialSetting, file: string, lane: Lane, folder: string): string[] {
  const { words, condition, isRequests, exactStage, agentArguments } = setting;
  const isOwnAgent = !words.includes('--target');
  const settles = metricsOf(condition).some((name) => /^(recovery|growth|rss\.(mean|p))/.test(name));
  const timing = (isOwnAgent ? [] : ['--idle', '--recover']).flatMap((option) =>
    words.includes(option) || settles ? [] : [option, settleShort],
  );
  const explaining = needsSuspects(condition) ? '--explain' : '--no-explain';
  const patterns = condition.clauses.flatMap((clause) =>
    clause.kind === 'metric' && clause.name.includes(':') ? ['--budget', `${clause.name}=${clause.limit}`] : [],
  );
  const sampling = lane !== 'exact' || words.includes('--sample-ms') ? [] : ['--sample-ms', sampleShort];
  const rest = [...words, ...timing, ...sampling, explaining, ...patterns];
  if (isRequests) return [file, ...rest];
  if (!isOwnAgent) return [file, ...rest, '--lane', lane];
  const scenario = path.join(folder, 'candidate.yaml');
  const recover = settles ? {} : { recover: settleShort };
  writeFileSync(scenario, stringify({ name: 'candidate', capture: path.resolve(file), ...recover, agentArguments }));
  return [scenario, ...(lane === 'exact' ? withStage(rest, exactStage) : rest), '--lane', lane];
}

/** The exact lane has no upload. */
function withStage(words: readonly string[], stage: string | undefined): string[] {
  const at = words.indexOf('--agent-until');
  const others = at < 0 ? [...words] : words.toSpliced(at, 2);
  return stage === undefined ? others : [...others, '--agent-until', stage];
}

/** What of a report the condition asks for. */
export function observationOf(report: RunReport, condition: Condition, code: number): Observation {
  const figures: Record<string, Observation['figures'][string]> = {};
  for (const name of metricsOf(condition)) {
    const figure = report.figures.find((each) => each.name === name);
    const budget = report.budgets.find((each) => each.name === name);
    if (figure) figures[name] = pick(figure);
    else if (budget) {
      const isKnown = budget.actual !== null;
      figures[name] = {
        state: isKnown ? 'value' : 'notMeasured',
        value: budget.actual,
        low: null,
        high: null,
        note: budget.note,
      };
    }
  }
  const suspects = report.spikes.flatMap((spike) => {
    const first = spike.suspects[0];
    return first ? [`${first.file}#${first.functionName}`] : [];
  });
  const causes = report.spikes.map(({ cause }) => cause);
  const metrics = metricsOf(condition);
  return {
    ...{ figures, suspects, causes, exitCode: code, failure: '' },
    sinceTraffic: sinceTraffic(report, metrics),
    growth: growthOf(report, metrics[0]),
  };
}

function pick({ state, value, low, high, note }: RunReport['figures'][number]) {
  return { state, value, low, high, note };
}

/** Runs the user's command in a shell. @returns its exit code; null where a signal ended it */
function checked(command: string, capture: string, signal: AbortSignal): Promise<number | null> {
  const quoted = `'${path.resolve(capture).replaceAll("'", "'\\''")}'`;
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command.replaceAll('{capture}', quoted)], {
      stdio: ['ignore', 'ignore', 'ignore'],
      env: { ...process.env, FLOODGATE_CAPTURE: path.resolve(capture) },
      // A group of its own: what the shell started ends with it.
      detached: true,
    });
    const stop = () => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It is over already.
      }
    };
    signal.addEventListener('abort', stop, { once: true });
    process.once('exit', stop);
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      process.off('exit', stop);
      resolve(code);
    });
  });
}
