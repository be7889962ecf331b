/**
 * The packets that did it: the traffic is made or read once more, and the streams that brought most between two frames
 * are named, with what they had waiting behind a segment that was never captured.
 */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import type { FrameRange, SpikeStream } from '../../reports/model.ts';
import { FlowTable } from '../traffic/flows.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import type { Traffic } from '../traffic/traffic.ts';
import type { TrafficOrder } from '../traffic/traffic-order.ts';
import type { SpikeShape } from './spikes.ts';

/** Named until they carry this share of the bytes … */
const shareTold = 0.95;
/** … but no more than a person looks through, and a slice matches quickly. */
const streamsMax = 64;
const framesPerRead = 512;
const startLineCharactersMax = 160;
/** First bytes of a message: a status line, or a method and a space. */
const startLine = /^(?:HTTP\/1\.[01] \d{3}|[A-Z]{3,10} [/*a-z])/;

/** What is known of one flow. */
class Track {
  frames = 0;
  bytes = 0;
  messages = 0;
  largest = '';
  largestBytes = 0;
  /** The message under way, if it began in the span. */
  current = '';
  currentBytes = 0;
  lastRequest = '';
  /** Sequence numbers, signed: what is due next, and the highest end seen. */
  next = 0;
  highest = 0;
  isSeen = false;
  gapFrame: number | null = null;
  bytesBehindGap = 0;
}

/**
 * The streams of each spike. Spans that overlap cannot be followed in one reading: what was allocated covers all the traffic.
 * @param frames by spike
 */
export async function streamsOfSpikes(
  order: TrafficOrder,
  spikes: readonly SpikeShape[],
  frames: readonly FrameRange[],
): Promise<SpikeStream[][]> {
  const found: SpikeStream[][] = spikes.map(() => []);
  for (const line of ['rss', 'allocated'] as const) {
    const wanted = [...spikes.keys()].filter((i) => spikes[i]!.line === line);
    if (wanted.length === 0) continue;
    const traffic = await openTraffic(order);
    try {
      const streams = findSpikeStreams(
        traffic,
        wanted.map((i) => frames[i]!),
      );
      for (const [at, i] of wanted.entries()) found[i] = streams[at]!;
    } finally {
      traffic.close();
    }
  }
  return found;
}

/** Streams of each span, the worst first. Reads the traffic up to the last span's end; closes nothing. */
export function findSpikeStreams(traffic: Traffic, spans: readonly FrameRange[]): SpikeStream[][] {
  const found: SpikeStream[][] = spans.map(() => []);
  const lastFrame = Math.max(0, ...spans.map((span) => span.last));
  const tracker = new StreamTracker(traffic.linkType, spans, (span, streams) => {
    found[span] = streams;
  });
  while (tracker.frames < lastFrame && traffic.read(tracker, framesPerRead) >= 0);
  tracker.finish();
  return found;
}

class StreamTracker implements FrameSink {
  frames = 0;
  readonly #spans: readonly FrameRange[];
  readonly #onSpan: (span: number, streams: SpikeStream[]) => void;
  readonly #table: FlowTable;
  readonly #tracks: Track[] = [];
  /** The other direction of each flow; −1: not seen. */
  readonly #reverse: number[] = [];
  readonly #byName = new Map<string, number>();
  /** The span that frames are counted for; −1 in between. */
  #span = -1;
  readonly #open: Set<number>;

  constructor(linkType: number, spans: readonly FrameRange[], onSpan: (span: number, streams: SpikeStream[]) => void) {
    this.#table = new FlowTable(linkType);
    this.#spans = spans;
    this.#onSpan = onSpan;
    this.#open = new Set(spans.keys());
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number): void {
    this.frames += 1;
    this.#enter();
    const flow = this.#table.flowOf(bytes, start, end, wireLength);
    if (flow >= 0) this.#take(flow, bytes);
    if (this.#span >= 0 && this.frames >= this.#spans[this.#span]!.last) this.#leave();
  }

  /** The traffic is over, perhaps before a span was. */
  finish(): void {
    if (this.#span >= 0) this.#leave();
  }

  /** Spans that overlap are handled one after the other: the later one from where the earlier one ends. */
  #enter(): void {
    if (this.#span >= 0) return;
    for (const span of this.#open) {
      if (this.frames < this.#spans[span]!.first) continue;
      this.#span = span;
      this.#open.delete(span);
      for (const track of this.#tracks) forget(track);
      return;
    }
  }

  #leave(): void {
    const { flows } = this.#table;
    const streams = this.#tracks.map((track, flow) => {
      endMessage(track);
      return { ...flows[flow]!, track };
    });
    const isWaiting = (track: Track) => track.gapFrame !== null && track.bytesBehindGap > 0;
    const weight = (track: Track) => (isWaiting(track) ? track.bytesBehindGap : 0);
    const active = streams.filter(({ track }) => track.bytes > 0);
    const waiting = active.reduce((sum, { track }) => sum + weight(track), 0);
    const all = active.reduce((sum, { track }) => sum + track.bytes, 0);
    // Where most of what came waits behind gaps, that is what the streams are to be judged by.
    const key = waiting > all / 2 ? weight : (track: Track) => track.bytes;
    active.sort((a, b) => key(b.track) - key(a.track));
    let carried = 0;
    const kept: SpikeStream[] = [];
    for (const { source, destination, track } of active) {
      if (kept.length === streamsMax || carried >= shareTold * all) break;
      carried += track.bytes;
      kept.push({
        source,
        destination,
        frames: track.frames,
        bytes: track.bytes,
        bytesBehindGap: track.bytesBehindGap,
        gapFrame: track.gapFrame,
        messages: track.messages,
        largestMessage: track.largest,
        largestMessageBytes: track.largestBytes,
      });
    }
    this.#onSpan(this.#span, kept);
    this.#span = -1;
  }

  #take(flow: number, bytes: Uint8Array): void {
    const { packet } = this.#table;
    let track = this.#tracks[flow];
    if (!track) this.#tracks[flow] = track = this.#begin(flow);
    const length = packet.payloadEnd - packet.payloadStart;
    if (this.#span >= 0) {
      track.frames += 1;
      track.bytes += length;
    }
    if (this.#table.isFragment) return;
    const isSyn = (packet.flags & 2) !== 0;
    if (length === 0 && !isSyn) return;
    const isDue = this.#follow(track, packet.sequence, packet.payloadWireBytes + (isSyn ? 1 : 0));
    if (length === 0) return;
    if (isDue) this.#startLine(flow, track, bytes);
    track.currentBytes += length;
  }

  #begin(flow: number): Track {
    const { source, destination } = this.#table.flows[flow]!;
    this.#byName.set(`${source} ${destination}`, flow);
    const reverse = this.#byName.get(`${destination} ${source}`) ?? -1;
    this.#reverse[flow] = reverse;
    if (reverse >= 0) this.#reverse[reverse] = flow;
    return new Track();
  }

  /** @returns whether the segment is the one that is due. */
  #follow(track: Track, sequence: number, length: number): boolean {
    const end = (sequence + length) | 0;
    if (!track.isSeen) {
      track.isSeen = true;
      track.next = track.highest = end;
      return true;
    }
    const ahead = (sequence - track.next) | 0;
    if (((end - track.highest) | 0) > 0) track.highest = end;
    if (ahead > 0) {
      track.gapFrame ??= this.frames;
      track.bytesBehindGap += length;
      return false;
    }
    if (((end - track.next) | 0) <= 0) return false;
    // The gap is closed: several gaps of one flow count as one.
    track.next = track.highest;
    track.gapFrame = null;
    track.bytesBehindGap = 0;
    return true;
  }

  #startLine(flow: number, track: Track, bytes: Uint8Array): void {
    const { payloadStart, payloadEnd } = this.#table.packet;
    const first = bytes[payloadStart]!;
    // Capital letters only: the first byte rules most segments out.
    if (first < 65 || first > 90) return;
    const end = Math.min(payloadEnd, payloadStart + startLineCharactersMax);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + payloadStart, end - payloadStart).toString('latin1');
    if (!startLine.test(text)) return;
    endMessage(track);
    const line = text.split('\r', 1)[0]!;
    if (line.startsWith('HTTP/')) {
      const request = this.#tracks[this.#reverse[flow]!]?.lastRequest ?? '';
      track.current = request === '' ? line : `${line}, to ${request}`;
    } else {
      // A query may hold secrets.
      track.current = track.lastRequest = line.split('?', 1)[0]!.replace(/ HTTP\/1\.[01]$/, '');
    }
    if (this.#span >= 0) track.messages += 1;
    else track.current = '';
  }
}

function endMessage(track: Track): void {
  if (track.current !== '' && track.currentBytes > track.largestBytes) {
    track.largest = track.current;
    track.largestBytes = track.currentBytes;
  }
  track.current = '';
  track.currentBytes = 0;
}

/** What a new span does not count; gaps stay what they are. */
function forget(track: Track): void {
  track.frames = 0;
  track.bytes = 0;
  track.messages = 0;
  track.largest = '';
  track.largestBytes = 0;
  track.current = '';
  track.currentBytes = 0;
}
