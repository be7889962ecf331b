/** What the tests of impairments share: frames that hold their number, through a stack. For tests only. */
import { createHash } from 'node:crypto';
import { buildTcpFrame } from '../../../agent/wire/packet-builder.ts';
import type { ImpairmentRecord } from '../traffic.ts';
import { MovingFrame } from './moving-frame.ts';
import { parseImpairments } from './parse.ts';
import { ImpairmentStack, type Replay } from './stack.ts';

export interface Tried {
  readonly frames: readonly MovingFrame[];
  /** What each frame holds in its first four bytes. */
  readonly numbers: readonly number[];
  /** Of all bytes and times. */
  readonly hash: string;
  readonly records: readonly ImpairmentRecord[];
  /** Stage, place, choice. */
  readonly choices: readonly (readonly [number, number, number])[];
}

/** Sends `frames` through what `text` says. */
export function impairFrames(text: string, seed: number, frames: Iterable<MovingFrame>, replay?: Replay): Tried {
  const out: MovingFrame[] = [];
  const choices: [number, number, number][] = [];
  const stack = new ImpairmentStack({
    impairments: text === '' ? [] : parseImpairments(text),
    seed,
    output: (frame) => out.push(frame.copy()),
    onChoice: (...choice) => choices.push(choice),
    replay,
  });
  for (const frame of frames) stack.take(frame);
  stack.flush();
  const hash = createHash('sha256');
  for (const { bytes, tsUs, wireLength } of out) hash.update(bytes).update(`${tsUs} ${wireLength}`);
  const numbers = out.map(({ bytes }) => new DataView(bytes.buffer).getUint32(0));
  return { frames: out, numbers, hash: hash.digest('hex'), records: stack.records, choices };
}

/** `count` frames of 64 bytes, 100 µs apart, each with its number. */
export function* numberedFrames(count: number): Generator<MovingFrame> {
  const frame = new MovingFrame();
  for (let number = 0; number < count; number += 1) {
    const bytes = new Uint8Array(64).fill(number);
    new DataView(bytes.buffer).setUint32(0, number);
    Object.assign(frame, { bytes, start: 0, end: 64, wireLength: 64, tsUs: 1e9 + number * 100, isDamaged: false });
    yield frame;
  }
}

export function impairNumbered(text: string, seed: number, count: number, replay?: Replay): Tried {
  return impairFrames(text, seed, numberedFrames(count), replay);
}

/** Segments of 1,000 bytes, of clients in turn and, every second one, of the server; 1 ms apart. */
export function* segments(count: number, clients = 3): Generator<MovingFrame> {
  const frame = new MovingFrame();
  for (let number = 0; number < count; number += 1) {
    const client = number % clients;
    const isServer = Math.floor(number / clients) % 2 === 1;
    const sent = Math.floor(number / clients / 2) * 1_000;
    const [source, destination] = isServer ? ['10.0.0.9', `10.0.0.${client}`] : [`10.0.0.${client}`, '10.0.0.9'];
    const [sourcePort, destinationPort] = isServer ? [80, 4000] : [4000, 80];
    const payload = Uint8Array.from({ length: 1_000 }, (_, at) => (number + at) & 255);
    const bytes = buildTcpFrame({
      ...{ source, destination, sourcePort, destinationPort, payload },
      ...{ sequence: sent, acknowledgement: 1, flags: 0x18 },
    });
    const end = bytes.length;
    Object.assign(frame, { bytes, start: 0, end, wireLength: end, tsUs: number * 1_000, isDamaged: false });
    yield frame;
  }
}
