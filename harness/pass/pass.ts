/** One replay: target up, frames through, everything watched, target down. Whatever happens, nothing is left behind. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Feed } from '../feed/feed.ts';
import type { PreloadOptions } from '../preload/options.ts';
import type { Lane } from '../scenario/scenario.ts';
import { diedAtStart, isFaultCode } from '../target/child-target.ts';
import type { GivenUp, Target, TargetExit, TargetLauncher } from '../target/target.ts';
import { answersOfLoad } from '../watch/answers.ts';
import { FamilySocket } from '../watch/family-socket.ts';
import { MemoryWatch } from '../watch/memory-watch.ts';
import {
  familyEnvironment,
  type PreloadChannel,
  preloadArguments,
  preloadEnvironment,
} from '../watch/preload-channel.ts';
import { readStatsFile } from '../watch/stats-file.ts';
import { StatsTail } from '../watch/stats-tail.ts';
import { pause } from './abortable.ts';
import { answeredSoon } from './answered-line.ts';
import { CompanionWatch } from './companion-watch.ts';
import { withOthers } from './elsewhere.ts';
import { answersOf, channelOf, Family } from './family.ts';
import { GiveUp, type GiveUpRules, usualGiveUpRules } from './give-up.ts';
import type { Instrument } from './instruments/instrument.ts';
import { Intervals } from './intervals.ts';
import { laneRules } from './lane-rules.ts';
import type { PassResult } from './pass-result.ts';
import { Sending, type SendingProgress } from './sending.ts';
import { readingsMs } from './usual-sampling.ts';

export interface PassOptions {
  readonly instrument: Instrument;
  readonly lane: Lane;
  /** Made by the caller per pass; closed by it. */
  readonly feed: Feed;
  readonly launcher: TargetLauncher;
  /** For the pass's own files; made when missing. */
  readonly folder: string;
  /** Arguments for the target's Node.js beyond the lane's own, e.g. a defect's `--import`, which takes the place of a module. */
  readonly nodeArguments: readonly string[];
  /** Allocation is to repeat by the request: see the preload's option of this name. @default false */
  readonly byRequests?: boolean;
  readonly sampleMs: number;
  /** Length of an allocation interval. */
  readonly intervalMs: number;
  /** Frame numbers, ascending, at which profile intervals are cut or the pass's instrument is used. */
  readonly frameMarks: readonly number[];
  /** Requests answered at each of these marks in the measuring pass, for a load that may run at another speed. @default the frames count */
  readonly requestMarks?: readonly number[] | undefined;
  /** Watched before the first frame, so that the line starts at the target's own level. @default 400 */
  readonly idleMs?: number;
  /** Where an agent that is slowed down by instruments may end; undefined in a pass that measures: its own. */
  readonly ceilingBytes: number | undefined;
  /** Watched after the last frame. */
  readonly settleMs: number;
  /** When a target that hangs, or takes all memory, is ended. @default usualGiveUpRules() */
  readonly giveUp?: GiveUpRules;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: PassProgress) => void;
}

export interface PassProgress extends SendingProgress {
  /** What the pass does, in words. */
  readonly activity: string;
  readonly lane: Lane;
}

const statsIntervalMs = 250;
/** Where the agent's figures say how far the traffic may go on they must be fresh. */
const heldStatsIntervalMs = 100;
const idleMsDefault = 400;
/** Readings come every 250 ms, those of a Go program every second; by requests, when none came for a second. */
const readingTimeoutMs = 4_000;
/** A program that nothing drives and that fails sooner has not got so far as to be tried. */
const tryMsMin = 1_000;
const usualInstruments = [
  '/proc (RSS, PSS, peaks, faults, kinds of page)',
  'V8 counters and collections',
  "the agent's own counters",
];

/**
 * Runs one pass.
 * @throws FloodgateError when the target cannot be started. One that dies under way is no error here: see `exit`.
 */
export async function runPass(options: PassOptions): Promise<PassResult> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const statsFile = path.join(options.folder, 'agent-stats.jsonl');
  // The target of the exact lane is one process and one thread, and takes no word that it does not have to.
  const socket = laneRules[options.lane].readsInStep
    ? undefined
    : await FamilySocket.open(path.resolve(options.folder));
  try {
    const target = await startTarget(options, statsFile, socket);
    const startedAtEpochMs = Date.now();
    const originMs = performance.now();
    const nowMs = () => performance.now() - originMs;
    const beside = target.companion && new CompanionWatch(target.companion, nowMs);
    try {
      return await replay(options, target, { statsFile, startedAtEpochMs, nowMs, beside, socket });
    } finally {
      await beside?.stop();
    }
  } finally {
    socket?.close();
  }
}

interface Started {
  readonly statsFile: string;
  readonly startedAtEpochMs: number;
  readonly nowMs: () => number;
  readonly beside: CompanionWatch | undefined;
  readonly socket: FamilySocket | undefined;
}

async function replay(options: PassOptions, target: Target, started: Started): Promise<PassResult> {
  const { instrument, launcher } = options;
  const { statsFile, startedAtEpochMs, nowMs, beside, socket } = started;
  const channel = await channelOf(target, socket, { startEpochMs: startedAtEpochMs, isNode: launcher.isNode });
  const watch = await watchOf(target, options, nowMs);
  const family = Family.of(socket, channel, { target, watch, isMeasured: !instrument.disturbs, nowMs });
  const intervals = intervalsOf(options, channel, () => watch.lookAtPages());
  const sending = new Sending({
    ...sendingOptionsOf(options),
    giveUp: target.ranBefore
      ? undefined
      : new GiveUp(options.giveUp ?? usualGiveUpRules(), laneRules[options.lane].readsInStep),
    ...{ watch, intervals, tail: new StatsTail(statsFile), nowMs },
  });
  const exit = await conduct(options, target, { sending, intervals, watch, channel, family, nowMs });
  const companion = await beside?.stop();
  const kin = await family?.result();
  const { marks, elsewhere } = withOthers(channel, kin);
  channel.marks.splice(0, marks.length, ...marks);
  return {
    kind: instrument.kind,
    lane: options.lane,
    startedAtEpochMs,
    durationMs: nowMs(),
    isTried: sending.isTried && !(options.feed.isWatchOnly && !exit.expected && nowMs() < tryMsMin),
    sendStartMs: sending.startMs,
    sendEndMs: sending.endMs,
    targetName: target.name,
    ranBefore: target.ranBefore ?? false,
    commandLine: target.commandLine,
    otherPort: otherPortOf(target, options.feed),
    startedFrom: target.startedFrom ?? '',
    instruments: instrument.describe(launcher.instruments ?? usualInstruments, launcher.isNode),
    watch,
    channel,
    sent: sending.sent,
    stats: readStatsFile(statsFile),
    sending: sending.result,
    answers: laneRules[options.lane].countsAnswers
      ? (answersOfLoad(
          answersOf([channel, ...(kin?.channels ?? [])], socket?.refused ?? 0),
          options.feed.takesPort ? target.port : undefined,
        ) ?? options.feed.answers)
      : undefined,
    unanswered: options.feed.unanswered,
    requests: options.feed.requests,
    exit,
    companion,
    intervals: intervals.taken,
    family: kin,
    elsewhere,
  };
}

function otherPortOf({ port, givenPort }: Target, { takesPort = false }: Feed): PassResult['otherPort'] {
  if (!takesPort || port === undefined || givenPort === undefined) return undefined;
  return { taken: port, given: givenPort };
}

/** @throws FloodgateError `target-died` where it is gone before anything could be looked at */
async function watchOf(target: Target, options: PassOptions, nowMs: () => number): Promise<MemoryWatch> {
  const { pid, memory, ranBefore = false } = target;
  const { sampleMs, instrument } = options;
  try {
    return new MemoryWatch({ pid, memory, sampleMs, levels: !instrument.disturbs, ranBefore, nowMs });
  } catch (error) {
    throw await diedAtStart(target.name, await target.stop(), error);
  }
}

interface PassParts {
  readonly sending: Sending;
  readonly intervals: Intervals;
  readonly watch: MemoryWatch;
  readonly channel: PreloadChannel;
  readonly family: Family | undefined;
  readonly nowMs: () => number;
}

/** @returns how the target ended */
async function conduct(options: PassOptions, target: Target, parts: PassParts): Promise<TargetExit> {
  const { settleMs, signal } = options;
  const { sending, intervals, watch, channel, family, nowMs } = parts;
  const rules = laneRules[options.lane];
  // The run ends early when the operator says so, and when no target is left to send to.
  const targetGone = new AbortController();
  target.exited.then(() => targetGone.abort());
  const over = AbortSignal.any([signal, targetGone.signal]);
  let givenUp: GivenUp | undefined;
  sending.onGiveUp = (why) => {
    givenUp = why;
    targetGone.abort();
  };
  let exit: TargetExit;
  let endingMs = 0;
  try {
    await sending.send(target, over);
    await pause(settleMs, over);
    // A program that ends at SIGTERM says no last word: what it counted since its last reading would be lost.
    const isLookedInto = channel.last !== undefined || channel.runtime !== '';
    if (rules.countsAnswers && isLookedInto && !over.aborted) await channel.nextReading(readingTimeoutMs);
    if (!rules.endsWithInput) await intervals.end(sending.frames);
  } finally {
    sending.stop();
    // What a target does while it ends (flush, free) is no part of the measurement.
    watch.stop();
    family?.stop();
    endingMs = nowMs();
    channel.expectEnd();
    exit = await target.stop();
  }
  if (isUncaught(channel, exit, endingMs)) exit = { ...exit, uncaught: true };
  return givenUp ? { ...exit, expected: false, givenUp } : exit;
}

/** Where the program catches such exceptions itself, it may go on: it has not where it then ends with a code of a fault. */
function isUncaught({ uncaught }: PreloadChannel, { code, expected }: TargetExit, endingMs: number): boolean {
  if (!uncaught || !expected || uncaught.tMs < endingMs) return false;
  return uncaught.isFatal || isFaultCode(code);
}

function intervalsOf(
  { instrument, lane, frameMarks, requestMarks, intervalMs, signal }: PassOptions,
  channel: PreloadChannel,
  onUsed: () => void,
) {
  const inStep = laneRules[lane].readsInStep;
  const isReached = requestMarks && ((at: number, nowMs: number) => answeredSoon(channel, nowMs) >= requestMarks[at]!);
  return new Intervals({ use: instrument.use, channel, frameMarks, isReached, intervalMs, inStep, signal, onUsed });
}

function sendingOptionsOf({ instrument, lane, feed, frameMarks, sampleMs, idleMs, onProgress }: PassOptions) {
  const { activity, holdsTraffic } = instrument;
  return {
    feed,
    rules: laneRules[lane],
    holdsTraffic,
    frameMarks,
    sampleMs,
    idleMs: idleMs ?? idleMsDefault,
    onProgress: (progress: SendingProgress) => onProgress({ ...progress, activity, lane }),
  };
}

function startTarget(options: PassOptions, statsFile: string, socket: FamilySocket | undefined): Promise<Target> {
  const { instrument, launcher, lane, folder } = options;
  const rules = laneRules[lane];
  const { nodeArguments = [], preload = {}, wrapper } = instrument.start(folder);
  const observe: Omit<PreloadOptions, 'channel'> = {
    intervalMs: readingsMs,
    inStep: rules.readsInStep,
    byRequests: options.byRequests ?? false,
    countsOffHeap: options.byRequests === true && options.nodeArguments.includes('--single-threaded'),
    ...preload,
    ...(socket && { family: socket.address }),
  };
  return launcher.start({
    interfaces: options.feed.interfaces,
    statsFile,
    statsIntervalMs: instrument.holdsTraffic ? heldStatsIntervalMs : statsIntervalMs,
    ceilingBytes: options.ceilingBytes,
    asPublished: (instrument.runsPublished ?? false) && rules.runsPublished && options.nodeArguments.length === 0,
    nodeArguments: [...rules.nodeArguments, ...nodeArguments, ...preloadArguments, ...options.nodeArguments],
    observe,
    env: { ...(launcher.isNode ? preloadEnvironment(observe) : familyEnvironment(observe)), ...rules.environment },
    ...(wrapper && { wrapper }),
  });
}
