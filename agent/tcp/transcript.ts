/**
 * Tests as transcripts: packets in, events out. Used by this layer's tests only.
 *
 * A line is one packet: direction (`>` from the client, `<` from the server), flags (letters of `SAFRP`, or `.`), the
 * sequence number relative to the sender's initial one (the SYN is 0, the first byte 1), then in any order: `ack N`
 * (relative to the other side's, sets the A flag), `"payload"`, `win N`, `cut N` (payload bytes captured), `xN` (so many
 * times). Other lines: `wait N` (milliseconds on the packets' clock), `pressure N`, `finish`. Packets are 1 ms apart.
 */
import assert from 'node:assert';
import { heapPageMemory, pageBytes } from '../bounded/page-pool.ts';
import { TcpFlag } from '../wire/packet.ts';
import { buildTcpFrame, type FrameFields } from '../wire/packet-builder.ts';
import { defaultTcpLimits, type OverlapPolicy, type Pressure, type TcpLimits } from './limits.ts';
import { CloseReason, GapReason, type StreamHandler } from './stream-handler.ts';
import { TcpLayer } from './tcp.ts';

export interface TranscriptOptions {
  readonly limits?: Partial<TcpLimits>;
  readonly overlap?: OverlapPolicy;
  readonly separateNetworks?: boolean;
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
};

/** A layer of its own, fed with packets, whose events are written down. */
export class Transcript implements StreamHandler {
  readonly layer: TcpLayer;
  /** Events since the last look, one a line. */
  events: string[] = [];
  nowUs = 1_700_000_000_000_000;
  /** Initial sequence numbers, client's and server's. */
  sequences: [number, number] = [1000, 5000];
  clientPort = 40_000;
  #frame: FrameFields = {};

  constructor(options: TranscriptOptions = {}) {
    const small = { streamsMax: 1024, pagesMax: 1024, ackSlackUs: 200_000 };
    const limits = { ...defaultTcpLimits, ...small, ...options.limits };
    this.layer = new TcpLayer({
      ...options,
      limits,
      pageMemory: heapPageMemory(limits.pagesMax * pageBytes),
      handler: this,
      source: { interfaces: [{ name: 'test', linkType: 1, snapLength: 0 }] },
      hashSeed: [1, 2],
    });
  }

  open(stream: number): void {
    this.events.push(`open ${stream}`);
  }

  data(stream: number, side: number, bytes: Uint8Array, start: number, end: number): void {
    this.events.push(`${stream}.${side} "${Buffer.from(bytes.subarray(start, end)).toString('latin1')}"`);
  }

  gap(stream: number, side: number, length: number, reason: number): void {
    this.events.push(`${stream}.${side} gap ${length} ${gapNames[reason]}`);
  }

  end(stream: number, side: number): void {
    this.events.push(`${stream}.${side} end`);
  }

  close(stream: number, reason: number): void {
    this.events.push(`close ${stream} ${closeNames[reason]}`);
  }

  /** Plays the lines. @returns the events they caused, joined with `, `. */
  play(script: string): string {
    this.events = [];
    for (const line of script.split('\n')) if (line.trim() !== '') this.#line(line.trim());
    return this.events.join(', ');
  }

  /** A handshake. */
  handshake(): string {
    return this.play('> S 0\n< SA 0 ack 1\n> . 1 ack 1');
  }

  /** Frames from now on have these tags. */
  tag(frame: FrameFields): void {
    this.#frame = frame;
  }

  #line(line: string): void {
    const [word = '', value = ''] = line.split(' ');
    if (word === 'wait') {
      this.nowUs += Number(value) * 1000;
      this.layer.advance(this.nowUs);
    } else if (word === 'pressure') {
      this.layer.setPressure(Number(value) as Pressure);
    } else if (word === 'finish') {
      this.layer.finish();
    } else {
      this.#packet(line);
    }
  }

  #packet(line: string): void {
    const match = /^([<>]) ([SAFRP.]+) (-?\d+)(.*)$/.exec(line);
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
    }
  }
}
