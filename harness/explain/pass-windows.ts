/**
 * Where the spikes of the measuring pass lie in a pass that explains them. Frames are the same in every pass; a load runs at another speed
 * in each: its windows are aligned by the requests that were answered, else by the pass's own line of memory, else by time. Pure.
 */

import { formatDuration } from '../../reports/format.ts';
import type { FrameRange, Note } from '../../reports/model.ts';
import {
  type AnsweredLine,
  type AnsweringPass,
  answeredLine,
  countAt,
  firstAt,
  lastAt,
} from '../pass/answered-line.ts';
import type { IntervalFrames, MeasuredPass } from '../pass/pass-result.ts';
import { riseStartMs } from './evidence.ts';
import type { SpikeShape } from './spikes.ts';

/** A pass under a load. */
export interface LoadPass extends AnsweringPass, Pick<MeasuredPass, 'lane' | 'watch' | 'requests'> {
  readonly intervals: readonly IntervalFrames[];
}

export interface Aligned {
  /** One for each spike, in the frames of the pass. */
  readonly frames: readonly FrameRange[];
  /** What they were aligned by, spike by spike; empty where frames are the same in every pass. */
  readonly by: readonly ('requests' | 'memory' | 'time')[];
}

/** Passes of a load that ends by itself answer as many, but for this share: one that ends by time answers what it can. */
const sameShareMin = 0.9;
/** So many are on their way at a time, and counted a little sooner in one pass than in another; a share of all, where there are few. */
const inFlightMax = 16;
const inFlightShare = 0.002;

const isLoad = ({ lane, requests }: Pick<MeasuredPass, 'lane' | 'requests'>) =>
  lane === 'load' && requests === undefined;

/** Both as answered; undefined where one was not counted, or they are no passes of the same requests. */
function linesOf(measure: AnsweringPass, pass: AnsweringPass): readonly [AnsweredLine, AnsweredLine] | undefined {
  const lines = [answeredLine(measure), answeredLine(pass)] as const;
  const [measured, own] = lines;
  if (!measured || !own) return undefined;
  const [a, b] = [measured.requests.at(-1)!, own.requests.at(-1)!];
  return Math.min(a, b) >= sameShareMin * Math.max(a, b) ? [measured, own] : undefined;
}

/** An interval that is to begin at a mark begins by so many requests and so much time sooner: a process that is busy answers late. */
const leadRequests = 200;
const leadMs = 1_000;

/**
 * How many requests the measuring pass had answered at each mark; undefined where the marks hold as they are.
 * @param earlier passes that explain: where they did not answer as many, the load ends by time
 * @param frames of the spikes: marks where one begins are moved ahead
 */
export function requestMarksOf(
  measure: LoadPass,
  marks: readonly number[],
  { frames, earlier }: { readonly frames: readonly FrameRange[]; readonly earlier: readonly AnsweringPass[] },
): readonly number[] | undefined {
  const line = isLoad(measure) ? answeredLine(measure) : undefined;
  if (!line || earlier.some((pass) => !linesOf(measure, pass))) return undefined;
  const all = line.requests.at(-1)!;
  return marks.map((mark) => {
    const count = countAt(line, mark);
    const isStart = frames.some(({ first }) => mark === first || mark === first - 1);
    if (!isStart) return Math.min(count, all);
    return Math.max(0, Math.min(count - Math.min(leadRequests, all / 100), countAt(line, mark - leadMs)));
  });
}

export interface WindowsOrder {
  /** Of the measuring pass. */
  readonly spikes: readonly SpikeShape[];
  readonly frames: readonly FrameRange[];
  /** On the explaining pass's own line of memory; called where it is asked for. */
  readonly ownSpikes: () => readonly SpikeShape[];
  /** Its instrument is used by time as well, and not at the marks alone. */
  readonly everyInterval: boolean;
}

export function windowsIn(measure: LoadPass, pass: LoadPass, order: WindowsOrder): Aligned {
  const { spikes, frames, everyInterval } = order;
  if (!isLoad(measure)) return { frames, by: [] };
  const lines = linesOf(measure, pass);
  const own = lines ? [] : order.ownSpikes();
  const found = spikes.map((spike, index) => {
    if (lines) return { range: byRequests(lines, frames[index]!), by: 'requests' as const };
    const alike = mostAlike(measure, spike, { pass, own });
    if (alike) return { range: rangeOf(pass, alike), by: 'memory' as const };
    return { range: byTime(measure, pass, frames[index]!), by: 'time' as const };
  });
  return {
    frames: found.map((each, index) => asTaken(pass, { ...each, asked: frames[index]!, everyInterval })),
    by: found.map(({ by }) => by),
  };
}

function byRequests([measured, own]: readonly [AnsweredLine, AnsweredLine], { first, last }: FrameRange): FrameRange {
  const all = measured.requests.at(-1)!;
  const inFlight = Math.min(inFlightMax, Math.ceil(inFlightShare * all));
  const from = lastAt(own, Math.max(0, countAt(measured, first) - inFlight));
  const to = firstAt(own, Math.min(own.requests.at(-1)!, countAt(measured, last) + inFlight));
  return range(from, to);
}

/** What a load did in a part of its time it does in that part of another pass. */
function byTime(measure: AnsweringPass, pass: AnsweringPass, { first, last }: FrameRange): FrameRange {
  const factor = loadMs(pass) / Math.max(1, loadMs(measure));
  return range(first * factor, last * factor);
}

const loadMs = ({ sendStartMs, sendEndMs }: AnsweringPass) => Math.max(1, sendEndMs - sendStartMs);

/** Heights within this factor are of one spike, … */
const alikeFactor = 2;
/** … and places within this share of the load. */
const placeShareMax = 0.5;

function mostAlike(
  measure: LoadPass,
  spike: SpikeShape,
  { pass, own }: { readonly pass: LoadPass; readonly own: readonly SpikeShape[] },
): SpikeShape | undefined {
  // What grows all along has no place of its own.
  if (spike.line !== 'rss' || spike.shape === 'leak') return undefined;
  const place = (of: LoadPass, { topMs }: SpikeShape) => (topMs - of.sendStartMs) / loadMs(of);
  const away = (each: SpikeShape) => Math.abs(place(pass, each) - place(measure, spike));
  return own
    .filter(({ heightBytes, line }) => {
      const factor = heightBytes / Math.max(1, spike.heightBytes);
      return line === 'rss' && factor <= alikeFactor && factor >= 1 / alikeFactor;
    })
    .filter((each) => away(each) <= placeShareMax)
    .toSorted((a, b) => away(a) - away(b))[0];
}

function rangeOf(pass: LoadPass, spike: SpikeShape): FrameRange {
  return range(riseStartMs(pass, spike) - pass.sendStartMs, spike.topMs - pass.sendStartMs);
}

function range(from: number, to: number): FrameRange {
  const first = Math.max(1, Math.floor(from) + 1);
  return { first, last: Math.max(first, Math.ceil(to)) };
}

interface FoundRange {
  readonly asked: FrameRange;
  readonly range: FrameRange;
  readonly by: Aligned['by'][number];
  readonly everyInterval: boolean;
}

/** An instrument that was used for the ends of a spike says itself where they were. */
function asTaken({ intervals }: LoadPass, { asked, range: found, by, everyInterval }: FoundRange): FrameRange {
  // It was used by time, which the spike did not keep to.
  if (by === 'memory') return everyInterval ? found : mostOf(intervals, found);
  const endedFor = (wanted: readonly number[]) =>
    intervals.find(({ marks = [] }) => marks.some((mark) => wanted.includes(mark)))?.lastFrame;
  const start = endedFor([asked.first, asked.first - 1]);
  const last = Math.max(found.last, endedFor([asked.last]) ?? 0);
  if (start === undefined || start >= last) return { first: Math.min(found.first, last), last };
  // One that came late has seen some of the rise already: what it shows is the lowest there is.
  return { first: everyInterval ? Math.min(start + 1, found.first) : start + 1, last };
}

/** The whole of the interval that has most of a range; the range where none has any of it. */
function mostOf(intervals: readonly IntervalFrames[], { first, last }: FrameRange): FrameRange {
  const common = ({ firstFrame, lastFrame }: IntervalFrames) =>
    Math.min(lastFrame, last) - Math.max(firstFrame, first - 1);
  const [most] = intervals.toSorted((a, b) => common(b) - common(a));
  return most && common(most) > 0 ? { first: most.firstFrame + 1, last: most.lastFrame } : { first, last };
}

/** Loads that took as long as this are not worth a word. */
const speedFactorMin = 1.2;

/** Says what aligned the windows, where the load ran at another speed. @param activity of the pass */
export function alignmentNote(
  measure: AnsweringPass,
  pass: AnsweringPass,
  { by, activity }: { readonly by: Aligned['by']; readonly activity: string },
): Note | undefined {
  const [measured, own] = [loadMs(measure), loadMs(pass)];
  if (by.length === 0 || Math.max(measured, own) < speedFactorMin * Math.min(measured, own)) return undefined;
  const isByTime = by.includes('time');
  const words = [...new Set(by)].map((each) => alignedBy[each]).join(', ');
  const rest = isByTime ? ': suspects may be of another moment' : '';
  const text = `The load took ${formatDuration(measured)} when it was measured and ${formatDuration(own)} while ${activity}: spikes are found again by ${words}${rest}.`;
  return { severity: isByTime ? 'warning' : 'info', text };
}

const alignedBy: Readonly<Record<Aligned['by'][number], string>> = {
  requests: 'requests answered',
  memory: "that pass's own line of memory",
  time: 'their share of its time',
};
