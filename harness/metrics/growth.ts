/** Readings of growth that stays. A slope is known within an interval: a limit is held against that, and never against a guess. Pure. */
import { formatValue } from '../../reports/format.ts';
import type { Unit } from '../../reports/model.ts';
import { leakBytesMin, type SettledGrowth } from '../explain/settled.ts';
import { type Slope, slopePointsMin } from '../explain/slope.ts';
import { LEAK_SPAN_MIN_MS } from '../explain/spikes.ts';
import type { RunFigures } from './measured-run.ts';
import { unseen } from './percentiles.ts';
import { between, notMeasured, type Reading } from './reading.ts';

/**
 * Of resident memory, bytes a second. Where forced collections have been looked at, by what they left; else by the line itself,
 * which has garbage in it and is known less well.
 */
export function growthPerSecond({ measure, findings, settled }: RunFigures): Reading {
  if (measure.watch.rss.count === 0) return notMeasured(unseen);
  const { slope, slopeLow, slopeHigh, spanMs } = findings.growth;
  if (settled) return settledReading(settled, slopeHigh);
  if (spanMs < LEAK_SPAN_MIN_MS || !Number.isFinite(slopeLow)) {
    const reason = `takes ${Math.round(LEAK_SPAN_MIN_MS / 1000)} s of traffic, and ${(spanMs / 1000).toFixed(1)} s were watched`;
    return between(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, reason);
  }
  return interval({ slope, low: slopeLow, high: slopeHigh }, 'bytesPerSecond', spanMs / 1000);
}

/** Requests of the load, for each that was counted: others came to other ports of the target. */
const shareOfLoad = ({ answers }: RunFigures['measure']): number =>
  answers?.ofLoad && answers.total > 0 ? answers.ofLoad / answers.total : 1;

/** Memory that a request leaves behind, bytes: live, and resident beyond what a program settles by. A short run says less than its slope does: see `settledBy`. */
export function growthPerRequest({ settled, looks = 0, messages, measure }: RunFigures): Reading {
  if (!settled) return notMeasured(looks > 0 ? tooFew(looks) : unlooked);
  const { live, own, native, ownFloor, seconds } = settled;
  const share = shareOfLoad(measure);
  const ofLoad = (slope: Slope | undefined) => slope && times(slope, 1 / share);
  const livePerRequest = ofLoad(settled.livePerRequest);
  const requests = settled.requests && settled.requests * share;
  if (livePerRequest && requests) {
    const [ownPerRequest, nativePerRequest] = [ofLoad(settled.ownPerRequest), ofLoad(settled.nativePerRequest)];
    const later = ofLoad(settled.ownLaterPerRequest);
    // What a program settles by is of the whole run, whatever part of its requests was looked at.
    const settles = (ownFloor * seconds) / requests;
    const all = withNative(livePerRequest, { own: ownPerRequest, native: nativePerRequest, later, settles });
    return interval(settledBy(all, requests), 'bytes', seconds);
  }
  if (messages === null || messages === 0) return notMeasured(uncounted);
  // An agent counts messages: two make an exchange.
  const exchanges = measure.lane === 'load' ? messages * share : messages / 2;
  const each = seconds / exchanges;
  const all = withNative(times(live, each), {
    own: own && times(own, each),
    native: native && times(native, each),
    later: undefined,
    settles: ownFloor * each,
  });
  return interval(settledBy(all, exchanges), 'bytes', seconds);
}

/** Of a program that is no Node.js nobody counts them, unless its load says how many it had answered. */
const uncounted = 'no requests were counted; growth.perSecond takes none';

const unlooked = 'forced collections were not looked at: it takes a Node.js program, and traffic';

/** A busy machine, or a large heap, takes so long for each that the traffic is over. */
const tooFew = (looks: number) =>
  `what forced collections leave was looked at ${looks === 1 ? 'once' : `${looks} times`}, and it takes ${slopePointsMin} looks at traffic behind the first: a longer load, or a quieter machine`;

const times = ({ slope, low, high }: Slope, factor: number): Slope => ({
  slope: slope * factor,
  low: low * factor,
  high: high * factor,
});

interface Outside {
  readonly own: Slope | undefined;
  readonly native: Slope | undefined;
  /** Once it has settled. */
  readonly later: Slope | undefined;
  /** Bytes of native memory that are no request's, for each request. */
  readonly settles: number;
}

/**
 * A leak outside every heap is in resident memory alone. Both of its ends count from what a program settles by: a limit of some hundred
 * bytes could not be decided otherwise.
 */
function withNative(live: Slope, { own, native, later, settles }: Outside): Slope {
  const highs = [own?.high, native && live.high + native.high, later?.high].filter((high) => high !== undefined);
  const ownLow = own ? Math.min(own.low, later?.low ?? own.low) - settles : Number.NEGATIVE_INFINITY;
  const low = Math.max(live.low, ownLow);
  const high = Math.max(low, live.high, highs.length > 0 ? Math.min(...highs) - settles : live.high);
  return { low, high, slope: Math.min(high, Math.max(low, live.slope, own ? own.slope - settles : live.slope)) };
}

/**
 * A program that gets warm keeps some 100 kB that are no request's (compiled code, caches that fill), or gives them back. Over a few hundred
 * requests that is more than what a leak would be: the interval is wider by it.
 */
function settledBy({ slope, low, high }: Slope, requests: number): Slope {
  const settles = leakBytesMin / requests;
  return { slope, low: low - settles, high: high + settles };
}

/**
 * What is live is resident as well: the lower end is that of live memory, or of resident memory beyond what a clean program settles by.
 * The upper end is resident memory's, in which native memory is.
 * @param rssHigh upper end by the measuring pass's line, where resident memory was not read after collections
 */
function settledReading(settled: SettledGrowth, rssHigh: number): Reading {
  const { live, own, native, floor, ownFloor, seconds } = settled;
  const low = Math.max(live.low - floor, own ? own.low - ownFloor : Number.NEGATIVE_INFINITY);
  // Two looks at the same: with forced collections, and at full pace. Buffers that are alive count twice in the second.
  const highs = [own ? own.high : rssHigh, ...(native && own ? [live.high + native.high] : [])];
  const high = Math.max(low, live.high, Math.min(...highs));
  const slope = Math.min(high, Math.max(low, own?.slope ?? live.slope));
  return interval({ slope, low, high }, 'bytesPerSecond', seconds);
}

function interval(found: Slope, unit: Unit, seconds: number): Reading {
  const { slope, low, high } = found;
  const words = `between ${formatValue(low, unit)} and ${formatValue(high, unit)} (99 %), by ${seconds.toFixed(0)} s of traffic`;
  return { ...between(low, high, words), ...(low !== high && { line: { slope, seconds } }) };
}
