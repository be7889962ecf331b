/** A minimization as `floodgate minimize` asks for it: what is tried, with what, what is written and printed. */
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { FloodgateError } from '../../agent/errors.ts';
import { formatBytes, formatCount, formatDuration, formatShare, printable } from '../../reports/format.ts';
import type { RunReport } from '../../reports/model.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { type Condition, observedWords, parseCondition } from '../minimize/condition.ts';
import { frameLevels, requestLevels } from '../minimize/levels.ts';
import { type Minimized, minimize } from '../minimize/minimize.ts';
import { rewriteCapture, writeCapture } from '../minimize/rewrite-capture.ts';
import { interrupted, runTrial, type TrialSetting } from '../minimize/trial.ts';
import { TrialLog } from '../minimize/trial-log.ts';
import { findScenario, isCaptureFile, scenarioOfFolder } from '../project/library.ts';
import { refuseTakenOut } from '../redaction/names-taken-out.ts';
import { shellWord } from '../redaction/shell-words.ts';
import type { AgentStage } from '../scenario/agent-stage.ts';
import type { Budget } from '../scenario/scenario.ts';
import { plainOutput } from '../target/plain-output.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import { probeRecording } from '../traffic/recorded-traffic.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import { enterNamespace } from './enter-namespace.ts';
import { fullDisk, saysFullDisk } from './full-disk.ts';
import { guard } from './report-folder.ts';
import { orderOfRun, runOf, scenarioOfRun } from './run-again.ts';
import { endOf, jobsOf } from './search-flags.ts';
import { createSearchProgress, minimizeSteps } from './search-progress.ts';
import { openSession } from './session.ts';
import { optionOf } from './shown-words.ts';

export interface MinimizeFlags {
  readonly while?: string;
  readonly output: string;
  readonly check?: string;
  readonly target?: string;
  readonly requests?: boolean;
  readonly defect?: string;
  readonly agentUntil?: AgentStage;
  readonly lane: 'auto' | 'tap' | 'exact';
  readonly scenario?: string;
  readonly minutes: string;
  readonly trials?: string;
  readonly jobs?: string;
  readonly size?: string;
  readonly seed?: string;
  readonly fresh?: boolean;
}

/** @returns the exit code. @throws FloodgateError */
export async function performMinimize(what: string, more: readonly string[], flags: MinimizeFlags): Promise<number> {
  const asked = flags.while === undefined ? undefined : parseCondition(flags.while);
  const subject = await subjectOf(what, flags);
  const condition = asked ?? conditionOf(subject);
  const words = wordsOf(subject.words, more, flags);
  const isRequests = words.includes('--requests');
  const isOwnAgent = !words.includes('--target');
  const end = endOf(flags);
  const jobs = jobsOf(flags.jobs);
  const lane = isRequests ? 'load' : 'tap';
  const isCheckOnly = isByCheckAlone(flags, condition);
  checkTogether(flags, { isRequests, isOwnAgent });
  // Trials are in the lane that they say, each in a network of its own; whether one can be had is known before hours of them.
  if (flags.lane !== 'exact' && !isCheckOnly) await enterNamespace(lane);
  const session = await openSession();
  const question = await plainOutput(
    JSON.stringify({
      what: identityOf(subject),
      condition: condition.text,
      words,
      check: flags.check ?? '',
      lane: flags.lane,
    }),
  );
  const log = guard(
    flags.output,
    () => new TrialLog(`${path.resolve(flags.output)}.minimize`, question, flags.fresh === true),
  );
  const progress = createSearchProgress(process.stderr);
  if (log.size > 0)
    progress.say(`going on: ${formatCount(log.size)} trials are known from before (--fresh begins anew)`);
  const source = await sourceOf(subject, log.folder, (text) => progress.say(text));
  const setting: TrialSetting = {
    condition,
    words,
    agentArguments: subject.agentArguments,
    exactStage: isOwnAgent ? exactStageOf(words, subject.until) : undefined,
    check: flags.check,
    isRequests,
    signal: session.signal,
  };
  try {
    const found = await minimize({
      condition,
      log,
      source,
      lane,
      mayBeExact: flags.lane !== 'tap' && isOwnAgent && !isCheckOnly,
      exactOnly: flags.lane === 'exact',
      levels: isRequests ? requestLevels : frameLevels,
      guess: subject.guess,
      jobs,
      ...end,
      nowMs: () => performance.now(),
      run: async (file, trialLane, folder) => {
        if (session.signal.aborted) throw interrupted();
        const seen = await runTrial(setting, file, trialLane, folder);
        // It says nothing of the candidate.
        if (saysFullDisk(seen.failure)) throw outOfRoom(`a trial could not be run: ${seen.failure}`);
        return seen;
      },
      onStep: minimizeSteps(progress),
    });
    progress.clear();
    const runWith = leaveResult(found, { flags, condition, subject, words, isRequests });
    process.stdout.write(await plainOutput(resultWords(found, condition, flags, runWith)));
    rmSync(log.folder, { recursive: true, force: true });
    return 0;
  } catch (error) {
    progress.clear();
    const full = fullDisk[(error as NodeJS.ErrnoException).code ?? ''];
    if (full !== undefined) throw outOfRoom(`cannot write what is tried to ${log.folder}: ${full}`);
    if (!(error instanceof FloodgateError) || error.code !== 'condition-unmet') throw error;
    // Of a search that never began nothing is worth keeping: the same command looks again.
    if (log.state === undefined) rmSync(log.folder, { recursive: true, force: true });
    process.stdout.write(await plainOutput(`NOT MET: ${error.message}\n${error.hint}\n`));
    return 1;
  }
}

/** No run is asked for: a command decides. */
function isByCheckAlone({ check }: MinimizeFlags, { clauses }: Condition): boolean {
  return check !== undefined && clauses.every(({ kind }) => kind === 'exit');
}

function outOfRoom(message: string): FloodgateError {
  return new FloodgateError('output-unwritable', message, {
    hint: 'Make room, and give the same command again: it goes on where it was.',
  });
}

/** What is to be made smaller. */
interface Subject {
  readonly name: string;
  /** The capture itself, where it is one that can be read again and again. */
  readonly file: string | undefined;
  readonly order: TrafficOrder;
  /** Of `floodgate run`, as the run had them. */
  readonly words: readonly string[];
  readonly until: AgentStage | undefined;
  readonly agentArguments: readonly string[];
  readonly guess: ReadonlySet<string>;
  /** The limit that a recorder wrote into a folder that it kept. */
  readonly spike?: { readonly metric: string; readonly bytes: number } | undefined;
}

/** What a folder of a recorder says of itself. @throws FloodgateError `option-invalid` where nothing does */
function conditionOf({ spike }: Subject): Condition {
  if (spike) return parseCondition(`${spike.metric} > ${spike.bytes}B`);
  throw new FloodgateError('option-invalid', 'what has to stay is not said', {
    hint: 'Write for example --while "rss.max > 150MB". Only a folder that floodgate record kept has a condition of its own.',
  });
}

async function subjectOf(what: string, flags: MinimizeFlags): Promise<Subject> {
  const place = scenarioOfFolder(what);
  const isKept = place !== what;
  const isReport = !isKept && (statSync(what, { throwIfNoEntry: false })?.isDirectory() || what.endsWith('.json'));
  if (isReport) return subjectOfRun(runOf(what, flags.scenario), flags);
  const { scenario, order } = await findScenario(place);
  const seed =
    flags.seed === undefined ? scenario.seed : parseWhole(flags.seed, '--seed', { min: 0, max: 0xffff_ffff });
  const sizeBytes = flags.size === undefined ? undefined : parseQuantity(flags.size, '--size', 'bytes');
  const made = order(seed, sizeBytes);
  if (made.kind === 'recording') probeRecording(made.path);
  const isPlain = (isKept || (isCaptureFile(what) && what !== '-')) && isBareRecording(made);
  return {
    name: scenario.name,
    file: isPlain ? made.path : undefined,
    order: made,
    words: [],
    until: scenario.until,
    agentArguments: scenario.agentArguments ?? [],
    guess: new Set(),
    spike: isKept ? spikeOf(scenario.budget) : undefined,
  };
}

function spikeOf(budget: Budget): Subject['spike'] {
  const metric = ['rss.rise', 'rss.max'].find((name) => budget[name] !== undefined);
  return metric === undefined ? undefined : { metric, bytes: budget[metric]! };
}

/** A file that nothing is done to on its way. */
function isBareRecording(order: TrafficOrder): order is Extract<TrafficOrder, { kind: 'recording' }> {
  const { loops, end, edit, spread, impair } = order;
  return (
    order.kind === 'recording' && [loops, end, edit, spread, impair, order.merge].every((each) => each === undefined)
  );
}

/** Options of a run that are about the target and the pace; those about its traffic are in the traffic. */
const kept = [
  'defect',
  'agent',
  'agentUntil',
  'speed',
  'pps',
  'mbps',
  'target',
  'targetDir',
  'ready',
  'pprof',
  'idle',
  'recover',
] as const;
const keptFlags = ['topspeed', 'requests', 'oneAtATime'] as const;
const hidden = ['rewriteHeader', 'dropHeader', 'rewriteCookie', 'dropCookie'] as const;

async function subjectOfRun(run: RunReport, flags: Pick<MinimizeFlags, 'target'>): Promise<Subject> {
  const { options } = run.scenario;
  const hiding = hidden.find((name) => options[name] !== undefined);
  if (hiding !== undefined) {
    throw new FloodgateError('option-invalid', `the run had ${optionOf(hiding)}, whose values no report holds`, {
      hint: `Name the capture, and give its options behind --: floodgate minimize FILE --while … -- ${optionOf(hiding)} ….`,
    });
  }
  for (const name of ['target', 'pprof'] as const) {
    if (name !== 'target' || flags.target === undefined) refuseTakenOut(optionOf(name), options[name]);
  }
  const isRecording = options.recording !== undefined && options.scenarioFile === undefined;
  const scenario = isRecording ? undefined : (await scenarioOfRun(run.scenario)).scenario;
  const words = [
    ...kept.flatMap((name) => (options[name] === undefined ? [] : [optionOf(name), options[name]])),
    ...keptFlags.flatMap((name) => (options[name] === 'true' ? [optionOf(name)] : [])),
  ];
  return {
    name: run.scenario.name,
    file: undefined,
    order: await orderOfRun(run),
    words,
    until: scenario?.until,
    agentArguments: scenario?.agentArguments ?? [],
    guess: new Set(
      run.spikes.flatMap(({ streams }) =>
        streams.flatMap(({ source, destination }) => [`${source} ${destination}`, `${destination} ${source}`]),
      ),
    ),
  };
}

/** The run's own words, those of the options in their place, those behind `--` as they are. */
function wordsOf(own: readonly string[], more: readonly string[], flags: MinimizeFlags): string[] {
  const words = [...own];
  for (const [option, value] of [
    ['--defect', flags.defect],
    ['--target', flags.target],
    ['--agent-until', flags.agentUntil],
  ] as const) {
    if (value === undefined) continue;
    const at = words.indexOf(option);
    if (at >= 0) words.splice(at, 2);
    words.push(option, value);
  }
  if (flags.requests && !words.includes('--requests')) words.push('--requests');
  const refused = more.find((word) => /^--(lane|out|explain|no-explain|push)(=|$)/.test(word));
  if (refused === undefined) return [...words, ...more];
  throw new FloodgateError('option-invalid', `${refused} cannot stand behind --: each trial has its own`, {
    hint: 'The lane of the search is --lane, before it.',
  });
}

function checkTogether(
  flags: MinimizeFlags,
  { isRequests, isOwnAgent }: { isRequests: boolean; isOwnAgent: boolean },
): void {
  if (isRequests && isOwnAgent) {
    throw new FloodgateError('option-invalid', '--requests takes a service to send them at', {
      hint: 'Add --target "node server.js".',
    });
  }
  if (flags.lane !== 'exact' || isOwnAgent) return;
  throw new FloodgateError('option-invalid', '--lane exact is for our own agent', {
    hint: 'Leave out --lane, or --target.',
  });
}

function exactStageOf(words: readonly string[], until: AgentStage | undefined): AgentStage {
  const asked = words[words.indexOf('--agent-until') + 1] as AgentStage | undefined;
  if (words.includes('--agent-until') && asked !== undefined && asked !== 'upload') return asked;
  return until === undefined || until === 'upload' ? 'witnesses' : until;
}

/** The same file, changed since, is another question. */
function identityOf({ file, order }: Subject): unknown {
  if (file === undefined) return order;
  const { size, mtimeMs } = statSync(file);
  return { file, size, mtimeMs };
}

/** A capture that can be read again and again: the file itself, or one that is made of the traffic. */
async function sourceOf({ file, order }: Subject, folder: string, say: (text: string) => void): Promise<string> {
  if (file !== undefined && !/\.(gz|zst)$/.test(file)) return file;
  const made = path.join(folder, 'source.pcap');
  if (existsSync(made)) return made;
  const traffic = await openTraffic(order);
  try {
    const { frames, bytes } = guard(folder, () => writeCapture(made, traffic));
    say(`the traffic as a capture: ${formatCount(frames)} frames, ${formatBytes(bytes)}`);
  } finally {
    traffic.close();
  }
  return made;
}

interface ResultOrder {
  readonly flags: MinimizeFlags;
  readonly condition: Condition;
  readonly subject: Subject;
  readonly words: readonly string[];
  readonly isRequests: boolean;
}

/** Writes the capture, and beside it what it takes to run it. @returns how to run it */
function leaveResult(found: Minimized, { flags, condition, subject, words, isRequests }: ResultOrder): string {
  const { output } = flags;
  guard(output, () => rewriteCapture(found.file, output));
  if (flags.check !== undefined) return flags.check.replaceAll('{capture}', output);
  const quoted = words.map(shellWord);
  if (isRequests || words.includes('--target')) return ['floodgate run', output, ...quoted].join(' ');
  const scenario = `${output.replace(/\.(pcap|pcapng|cap)$/, '')}.yaml`;
  const limits = condition.clauses.flatMap((clause) =>
    clause.kind === 'metric' && clause.comparison.startsWith('>') ? [[clause.name, clause.limit] as const] : [],
  );
  const { until, agentArguments } = subject;
  const content = {
    name: `${subject.name.slice(0, 60)}-small`,
    summary: `the smallest capture found that meets ${condition.text}`.slice(0, 200),
    capture: path.basename(output),
    ...(until !== undefined && { agentUntil: until }),
    ...(agentArguments.length > 0 && { agentArguments }),
    ...(limits.length > 0 && { budgets: Object.fromEntries(limits) }),
  };
  guard(scenario, () => writeFileSync(scenario, stringify(content), { mode: 0o600 }));
  const shown = scenario.includes('/') ? scenario : `./${scenario}`;
  return ['floodgate run', shown, ...quoted].join(' ');
}

function resultWords(found: Minimized, condition: Condition, flags: MinimizeFlags, runWith: string): string {
  const { bytes, wholeBytes, trials, spentMs, done, seen, confirmedIn, searchedIn, isOver, isSteppedBack } = found;
  const share = formatShare(bytes / wholeBytes);
  const lane = { tap: 'through a TAP device', exact: 'in the exact lane', load: 'at the target' };
  const where = isByCheckAlone(flags, condition) ? 'by the command' : lane[confirmedIn];
  return [
    `MINIMIZED: ${formatBytes(wholeBytes)} → ${formatBytes(bytes)} (${share}) in ${flags.output}; ${formatCount(trials)} trials in ${formatDuration(spentMs)}`,
    ...done.map((line) => `  ${line}`),
    `  still: ${observedWords(condition, seen)}, twice ${where}${searchedIn === confirmedIn ? '' : `; searched ${lane[searchedIn]}`}`,
    ...(isSteppedBack ? ['  something smaller did it only sometimes'] : []),
    ...(isOver ? ['  it was over before all was tried: more --minutes, or --trials, may find less'] : []),
    `again: ${printable(runWith)}`,
    '',
  ].join('\n');
}
