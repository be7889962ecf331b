/**
 * Tests as transcripts: packets in, events out. Used by this layer's tests only.
 *
 * A line is one packet: direction (`>` from the client, `<` from the server), flags (letters of `SAFRPU`, or `.`), the
 * sequence number relative to the sender's initial one (the SYN is 0, the first byte 1), then in any order: `ack N`
 * (relative to the other side's, sets the A flag), `"payload"`, `win N`, `urg N`, `cut N` (payload bytes captured), `xN` (so many
 * times). Other lines: `wait N` (milliseconds on the packets' clock), `pressure N`, `finish`. Packets are 1 ms apart.
 */
import assert from 'node:assert';
import { TcpFlag } from '../wire/packet.ts';
import { buildTcpFrame, type FrameFields } from '../wire/packet-builder.ts';
import {
  defaultTcpLimits,
  type NetworkPolicy,
  type OverlapPolicy,
  type Pressure,
  type TcpLimits,
  type UrgentPolicy,
} from './limits.ts';
import { RecordFeed } from './record-feed.ts';
import { CloseReason, GapReason, type Side, type StreamHandler } from './stream-handler.ts';
import { TcpLayer } from './tcp.ts';

export interface TranscriptOptions {
  readonly limits?: Partial<TcpLimits>;
  readonly overlap?: OverlapPolicy;
  readonly networks?: NetworkPolicy;
  readonly urgent?: UrgentPolicy;
  readonly verifyChecksums?: boolean;
}

const gapNames = Object.keys(GapReason);
const closeNames = Object.keys(CloseReason);
const flagLetters: Record<string, number> = {
  S: TcpFlag.syn,
  A: TcpFlag.ack,
  F: TcpFlag.fin,
  R: TcpFlag.rst,
  P: TcpFlag.psh,
  U: TcpFlag.urg,
};

/** Sequence number of payload and the acknowledgement that came with it. */
export interface Place {
  readonly sequence: number;
  readonly acknowledgement: number;
}

type Piece = Parameters<StreamHandler['data']> extends [number, Side, ...infer Rest] ? Rest : never;

/** Writes a layer's events down, one a line. */
class Events implements StreamHandler {
  lines: string[] = [];
  /** Of each payload handed on: where it lies, and what came with it. */
  places: Place[] = [];
  /** Of each stream opened: whether its start was missed. */
  readonly midStream: boolean[] = [];

  open(stream: number, _tsUs: number, midStream: boolean): void {
    this.midStream.push(midStream);
    this.lines.push(`open ${stream}`);
  }

  data(stream: number, side: number, ...piece: Piece): void {
    const [bytes, start, end, , sequence = Number.NaN, acknowledgement = Number.NaN] = piece;
    this.lines.push(`${stream}.${side} "${Buffer.from(bytes.subarray(start, end)).toString('latin1')}"`);
    this.places.push({ sequence, acknowledgement });
  }

  gap(stream: number, side: number, length: number, reason: number): void {
    this.lines.push(`${stream}.${side} gap ${length} ${gapNames[reason]}`);
  }

  end(stream: number, side: number): void {
    this.lines.push(`${stream}.${side} end`);
  }

  close(stream: number, reason: number): void {
    this.lines.push(`close ${stream} ${closeNames[reason]}`);
  }
}

/**
 * A layer of its own, fed with packets, whose events are written down. A second one gets the same packets as a pcap file's
 * records, most of which the kernel takes (`agent/kernels/assembly/segment/`): both have to say the same after every play.
 */
export class Transcript {
  readonly layer: TcpLayer;
  readonly #events = new Events();
  readonly #recordLayer: TcpLayer;
  readonly #recordEvents = new Events();
  readonly #records: RecordFeed;
  nowUs = 1_700_000_000_000_000;
  /** Initial sequence numbers, client's and server's. */
  sequences: [number, number] = [1000, 5000];
  clientPort = 40_000;
  #frame: FrameFields = {};

  constructor(options: TranscriptOptions = {}) {
    const small = { streamsMax: 1024, pagesMax: 1024, ackSlackUs: 200_000, ackSlackLeastUs: 0, beginningsMax: 0 };
    const limits = { ...defaultTcpLimits, ...small, ...options.limits };
    const layerFor = (handler: StreamHandler) =>
      new TcpLayer({
        ...options,
        limits,
        handler,
        source: { interfaces: [{ name: 'test', linkType: 1, snapLength: 0 }] },
        hashSeed: [1, 2],
      });
    this.layer = layerFor(this.#events);
    this.#recordLayer = layerFor(this.#recordEvents);
    this.#records = new RecordFeed(this.#recordLayer);
  }

  /** Events of the last play, one a line. */
  get events(): readonly string[] {
    return this.#events.lines;
  }

  /** Of each payload of the last play: its sequence number and its acknowledgement, relative to the initial ones. */
  get places(): Place[] {
    return this.#events.places.map(({ sequence, acknowledgement }, index) => {
      const side = this.#events.lines.filter((line) => line.includes('"'))[index]!.split(/[. ]/)[1] === '0' ? 0 : 1;
      const [own, peer] = [this.sequences[side], this.sequences[side ^ 1]!];
      return { sequence: sequence - own, acknowledgement: acknowledgement - peer };
    });
  }

  /** Of each stream opened: whether its start was missed. */
  get midStream(): readonly boolean[] {
    return this.#events.midStream;
  }

  /** Plays the lines. @returns the events they caused, joined with `, `. */
  play(script: string): string {
    this.#events.lines = [];
    this.#recordEvents.lines = [];
    this.#events.places = [];
    this.#recordEvents.places = [];
    for (const line of script.split('\n')) if (line.trim() !== '') this.#line(line.trim());
    assert.deepEqual(this.#recordEvents.lines, this.#events.lines, 'the same events from records');
    assert.deepEqual(this.#recordEvents.places, this.#events.places, 'the same sequence numbers from records');
    assert.deepEqual(this.#recordLayer.snapshot(), this.layer.snapshot(), 'the same counters from records');
    return this.#events.lines.join(', ');
  }

  /** A handshake. */
  handshake(): string {
    return this.play('> S 0\n< SA 0 ack 1\n> . 1 ack 1');
  }

  /** Frames from now on have these tags. */
  tag(frame: FrameFields): void {
    this.#frame = frame;
  }

  get #layers(): TcpLayer[] {
    return [this.layer, this.#recordLayer];
  }

  #line(line: string): void {
    const [word = '', value = ''] = line.split(' ');
    if (word === 'wait') {
      this.nowUs += Number(value) * 1000;
      for (const layer of this.#layers) layer.advance(this.nowUs);
    } else if (word === 'pressure') {
      for (const layer of this.#layers) layer.setPressure(Number(value) as Pressure);
    } else if (word === 'finish') {
      for (const layer of this.#layers) layer.finish();
    } else {
      this.#packet(line);
    }
  }

  #packet(line: string): void {
    const match = /^([<>]) ([SAFRPU.]+) (-?\d+)(.*)$/.exec(line);
    assert(match !== null, `not a line of a transcript: ${line}`);
    const [, direction, letters, sequence, rest = ''] = match;
    const side = direction === '>' ? 0 : 1;
    const ack = / ack (-?\d+)/.exec(rest);
    let flags = ack === null ? 0 : TcpFlag.ack;
    for (const letter of letters!) flags |= flagLetters[letter] ?? 0;
    const frame = buildTcpFrame(
      {
        source: side === 0 ? '10.0.0.1' : '10.0.0.2',
        destination: side === 0 ? '10.0.0.2' : '10.0.0.1',
        sourcePort: side === 0 ? this.clientPort : 80,
        destinationPort: side === 0 ? 80 : this.clientPort,
        sequence: this.sequences[side] + Number(sequence),
        acknowledgement: ack === null ? 0 : this.sequences[side ^ 1]! + Number(ack[1]),
        flags,
        window: Number(/ win (\d+)/.exec(rest)?.[1] ?? 65_535),
        urgent: Number(/ urg (\d+)/.exec(rest)?.[1] ?? 0),
        payload: Buffer.from(/"(.*)"/.exec(rest)?.[1] ?? '', 'latin1'),
      },
      this.#frame,
    );
    const payload = /"(.*)"/.exec(rest)?.[1]?.length ?? 0;
    const cut = / cut (\d+)/.exec(rest)?.[1];
    const captured = cut === undefined ? frame.length : frame.length - payload + Number(cut);
    for (let count = Number(/ x(\d+)$/.exec(rest)?.[1] ?? 1); count > 0; count -= 1) {
      this.nowUs += 1000;
      this.layer.frame(frame, 0, captured, frame.length, this.nowUs, 0);
      this.#records.feed(frame, captured, frame.length, this.nowUs);
    }
  }
}
