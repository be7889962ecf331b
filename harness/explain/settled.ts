/**
 * What stays: memory right after forced collections, at fixed places of the traffic, in a pass of its own. Garbage is not in it, so a
 * slope of it is what the traffic leaves behind. A slope above zero alone is no leak: clean services drift while V8 compiles. Pure.
 */
import type { SettledPoint } from '../pass/instruments/instrument.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import { memoryClasses } from '../watch/memory-map.ts';
import { type Slope, slopePointsMin, theilSen } from './slope.ts';

/** How fast the measuring pass went: what a slope of another pass is brought to. */
export interface Pace {
  readonly framesPerSecond: number;
  readonly requestsPerSecond: number | null;
  readonly seconds: number;
  /** Frames are milliseconds of a load, which did less work in a pass that was stopped again and again. */
  readonly isTimed: boolean;
}

/** A line of the measuring pass. */
export interface MeasuredLine {
  readonly seconds: readonly number[];
  readonly bytes: readonly number[];
}

export interface SettledGrowth {
  /** Bytes a second at the pace of the measuring pass. */
  readonly live: Slope;
  /** Resident memory, the same; undefined where it was not read. */
  readonly own: Slope | undefined;
  /** Resident memory outside the heap, while the measuring pass ran: at its full pace, but with garbage; undefined where it was not read. */
  readonly native: Slope | undefined;
  /** Bytes a request; undefined where requests are not counted. */
  readonly livePerRequest: Slope | undefined;
  /** The same of resident memory; undefined where that was not read either. */
  readonly ownPerRequest: Slope | undefined;
  readonly nativePerRequest: Slope | undefined;
  /** Resident memory in the later half of the looks: what a program settles by comes before it. */
  readonly ownLaterPerRequest: Slope | undefined;
  /** Between the first look that counts and the last; undefined where they are not counted. */
  readonly requests: number | undefined;
  /** What clean programs drift by, bytes a second: below it no slope of live memory is called growth. */
  readonly floor: number;
  /** The same for resident memory. */
  readonly ownFloor: number;
  /** Live memory at the end less the same once the target was warm, brought to the measuring pass's requests. */
  readonly keptBytes: number;
  /** It stays, it grew all along, and faster than clean programs drift. */
  readonly isLeak: boolean;
  /** What leaks is memory that no runtime accounts for. */
  readonly isNative: boolean;
  readonly seconds: number;
}

/** Live memory of clean services drifts by 5 to 14 bytes a request after the warm-up: see docs/explain.md. */
export const floorBytesPerRequest = 16;
/** The same where only frames are counted: a request has several. */
const floorBytesPerFrame = 4;
/** Off the heap a program settles by this much while it gets warm: compiled code, allocator arenas. Measured 0.9 MB over 12 s. */
const ownFloorBytes = 2_000_000;
/** Until then, of the traffic, code is compiled and caches fill. */
const warmUpShare = 0.15;
/** Less than this in all is no leak worth the name, whatever its slope: by as much a program settles while it gets warm. */
export const leakBytesMin = 400_000;
/** The same of native memory, which settles by two megabytes and is given back when the allocator likes. */
const nativeLeakBytesMin = 6_000_000;
/** Of the rise, what must be there at the end. */
const staysShare = 0.5;
/** A single step between two looks that brings more of it than this is a step. */
const stepShareMax = 0.6;

/** Of the measuring pass; in the exact lane by the packets' own clock, since frames come as fast as they are taken. */
export function paceOf({ sent, lane, sendStartMs, sendEndMs, answers }: MeasuredPass): Pace {
  const frames = sent.column('frames').at(-1) ?? 0;
  const trafficMs = sent.column('trafficMs').at(-1) ?? 0;
  const seconds = (lane === 'exact' && trafficMs > 0 ? trafficMs : sendEndMs - sendStartMs) / 1000;
  const each = (count: number) => (seconds > 0 ? count / seconds : 0);
  const requestsPerSecond = answers ? each(answers.total) : null;
  return { seconds, framesPerSecond: each(frames), requestsPerSecond, isTimed: lane === 'load' };
}

/** Pages outside the heap while traffic flowed, and the target was warm. */
export function nativeLineOf({ watch: { map }, sendStartMs, sendEndMs }: MeasuredPass): MeasuredLine {
  const columns = memoryClasses.filter((name) => name !== 'heapBytes').map((name) => map.column(name));
  const fromMs = sendStartMs + warmUpShare * (sendEndMs - sendStartMs);
  const rows = map.tMs().flatMap((ms, i) => (ms < fromMs || ms > sendEndMs ? [] : [{ ms, i }]));
  return {
    seconds: rows.map(({ ms }) => ms / 1000),
    bytes: rows.map(({ i }) => columns.reduce((sum, column) => sum + (column[i] ?? 0), 0)),
  };
}

/** Undefined where too few looks were taken. @param points in the order of time */
export function settledGrowth(
  points: readonly SettledPoint[],
  pace: Pace,
  nativeLine: MeasuredLine,
): SettledGrowth | undefined {
  const last = points.at(-1);
  if (!last || pace.seconds <= 0) return undefined;
  const sent = last.frames;
  // Looks after the last frame say what became of it, and nothing of how it grew.
  const firstAtEnd = points.findIndex(({ frames }) => frames === sent);
  const loaded = points.slice(0, firstAtEnd + 1).filter(({ frames }) => frames > 0);
  const warm = loaded.filter(({ frames }) => frames >= warmUpShare * sent);
  // Looks at a large heap are few: then the first ones count as well.
  const during = warm.length < slopePointsMin ? loaded.slice(1) : warm;
  if (during.length < slopePointsMin) return undefined;
  const counts = during.every(({ requests }) => requests !== null) && pace.requestsPerSecond !== null;
  const x = during.map(({ frames, requests }) => (counts ? requests! : frames));
  const perSecond = counts ? pace.requestsPerSecond! : pace.framesPerSecond;
  const live = theilSen(
    x,
    during.map(({ liveBytes }) => liveBytes),
  );
  if (!live) return undefined;
  // A busy machine leaves some looks without pages.
  const seen = during.flatMap(({ ownBytes: bytes }, i) => (bytes === null ? [] : [{ at: x[i]!, bytes }]));
  // Without a count of requests nobody knows how much less: then the measuring pass's own line is the upper end.
  const isPaced = counts || !pace.isTimed;
  const own = isPaced
    ? theilSen(
        seen.map(({ at }) => at),
        seen.map(({ bytes }) => bytes),
      )
    : undefined;
  const native = theilSen(nativeLine.seconds, nativeLine.bytes);
  const floorPerUnit = counts ? floorBytesPerRequest : floorBytesPerFrame;
  // The pass was stopped again and again, and its load did less.
  const factor = counts && last.requests ? (perSecond * pace.seconds) / last.requests : 1;
  const ownFloor = ownFloorBytes / pace.seconds;
  // What is certain of it is to be worth the name: a cache that fills for a while has a slope above the floor too.
  const isLiveGrowing = live.low > floorPerUnit && live.low * (x.at(-1)! - x[0]!) >= leakBytesMin;
  const kept = keptBy(during, last, {
    ...{ isLiveGrowing, x },
    ownFloor: isPaced ? ownFloor / perSecond : undefined,
  });
  return {
    live: times(live, perSecond),
    own: own && times(own, perSecond),
    native,
    livePerRequest: counts ? live : undefined,
    ownPerRequest: counts ? own : undefined,
    nativePerRequest: counts && native ? times(native, 1 / perSecond) : undefined,
    ownLaterPerRequest: counts ? laterSlope(seen) : undefined,
    requests: counts ? x.at(-1)! - x[0]! : undefined,
    floor: floorPerUnit * perSecond,
    ownFloor,
    keptBytes: kept.bytes * factor,
    isLeak: kept.isLeak,
    isNative: kept.isNative,
    seconds: pace.seconds,
  };
}

/** Three looks say how far they are from a line, over so much of the requests. */
const laterLooksMin = 3;
const laterWidthMin = 1 / 3;

/**
 * From the later half of the looks, with all by which they are off the straight line from the first of them to the last: slopes of pairs
 * of looks are of no use where these are a few requests apart. Undefined where that is too little to say.
 */
function laterSlope(seen: readonly { readonly at: number; readonly bytes: number }[]): Slope | undefined {
  const later = seen.slice(seen.length >> 1);
  const [first, last] = [later[0], later.at(-1)];
  if (!first || !last || later.length < laterLooksMin) return undefined;
  const width = last.at - first.at;
  if (width <= 0 || width < laterWidthMin * (last.at - seen[0]!.at)) return undefined;
  const slope = (last.bytes - first.bytes) / width;
  const off = later.map(({ at, bytes }) => bytes - first.bytes - slope * (at - first.at));
  const unsure = (Math.max(...off) - Math.min(...off)) / width;
  return { slope, low: slope - unsure, high: slope + unsure };
}

const times = ({ slope, low, high }: Slope, factor: number): Slope => ({
  slope: slope * factor,
  low: low * factor,
  high: high * factor,
});

interface Growing {
  readonly isLiveGrowing: boolean;
  readonly x: readonly number[];
  /** For each unit of x; undefined where resident memory is not known. */
  readonly ownFloor: number | undefined;
}

/** Whether what is alive leaks, or memory that no runtime accounts for: messages in a port, handles of native code. */
function keptBy(during: readonly SettledPoint[], last: SettledPoint, { isLiveGrowing, x, ownFloor }: Growing) {
  const all = [...during, last];
  const live = keptOf(all.map(({ liveBytes }) => liveBytes));
  const isLiveLeak = isLiveGrowing && staysAndGrew(live, x, leakBytesMin);
  if (isLiveLeak || ownFloor === undefined) return { bytes: live.bytes, isLeak: isLiveLeak, isNative: false };
  // Buffers are in both, and cancel out.
  const places = [...x, x.at(-1)!];
  // A target that ended, or a busy machine, leaves some looks without pages.
  const seen = all.flatMap(({ liveBytes, ownBytes }, i) =>
    ownBytes === null ? [] : [{ at: places[i]!, bytes: ownBytes - liveBytes }],
  );
  const unknown = keptOf(seen.map(({ bytes }) => bytes));
  const seenAt = seen.slice(0, -1).map(({ at }) => at);
  const slope = theilSen(seenAt, unknown.levels);
  // What came at first alone is what the program settles by, however much that is on a busy machine.
  const later = laterSlope(seen.slice(0, -1));
  const isGrowing = slope !== undefined && slope.low > ownFloor && (!later || later.low > 0);
  const isNativeLeak = isGrowing && staysAndGrew(unknown, seenAt, nativeLeakBytesMin);
  return { bytes: (isNativeLeak ? unknown : live).bytes, isLeak: isNativeLeak, isNative: isNativeLeak };
}

interface Kept {
  /** While traffic flowed. */
  readonly levels: readonly number[];
  /** At the end less that at the beginning. */
  readonly bytes: number;
}

/** @param levels in the order of time, the last one after all traffic */
const keptOf = (levels: readonly number[]): Kept => ({
  levels: levels.slice(0, -1),
  bytes: levels.at(-1)! - levels[0]!,
});

/** @param x requests or frames at each level */
function staysAndGrew({ levels, bytes }: Kept, x: readonly number[], bytesMin: number): boolean {
  const first = levels[0]!;
  const top = Math.max(...levels);
  // Not a number where nothing was read.
  if (!(bytes >= bytesMin) || bytes < staysShare * (top - first)) return false;
  const width = x.at(-1)! - x[0]!;
  // On a busy machine many requests may lie between two looks.
  const isStep = (i: number) =>
    levels[i]! - levels[i - 1]! > stepShareMax * bytes && x[i]! - x[i - 1]! < (stepShareMax / 2) * width;
  return !levels.some((_, i) => i > 0 && isStep(i));
}
