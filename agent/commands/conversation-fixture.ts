/** Captures made for tests from what each side says, and what the agent makes of them as a user gets it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PcapWriter } from '../pcap/pcap-writer.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';

const addresses = ['10.0.0.1', '10.0.0.2'] as const;
const [FIN, SYN, PUSH, ACK] = [1, 2, 8, 16];
/** Payload of one segment at most. */
const segmentBytes = 1400;

export interface Conversation {
  /** Of the server. @default 80 */
  readonly port?: number;
  /** The connection was open before the capture began. @default false */
  readonly midStream?: boolean;
  /** What the client (0) or the server (1) sends next; a number of bytes that were not captured. */
  readonly says: readonly (readonly [side: 0 | 1, what: string | Uint8Array | number])[];
}

/** The conversations one after the other, each on a connection of its own, as a pcap file. Text is Latin-1. */
export function conversationsCapture(conversations: readonly Conversation[]): Buffer {
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)), { linkType: 1 });
  let tsUs = 1_700_000_000_000_000;
  for (const [index, { port = 80, midStream = false, says }] of conversations.entries()) {
    const next: [number, number] = [1, 1];
    const send = (side: 0 | 1, flags: number, payload: Uint8Array = new Uint8Array(0)) => {
      const ports = side === 0 ? [40_000 + index, port] : [port, 40_000 + index];
      const frame = buildTcpFrame({
        source: addresses[side],
        destination: addresses[side === 0 ? 1 : 0],
        sourcePort: ports[0]!,
        destinationPort: ports[1]!,
        sequence: next[side] - ((flags & SYN!) !== 0 ? 1 : 0),
        acknowledgement: next[side === 0 ? 1 : 0],
        flags,
        payload,
      });
      next[side] += payload.length;
      tsUs += 500;
      writer.frame(frame, 0, frame.length, frame.length, tsUs);
    };
    if (!midStream) {
      send(0, SYN!);
      send(1, SYN! | ACK!);
      send(0, ACK!);
    }
    for (const [side, what] of says) {
      if (typeof what === 'number') {
        next[side] += what;
        send(side === 0 ? 1 : 0, ACK!);
        continue;
      }
      const bytes = typeof what === 'string' ? Buffer.from(what, 'latin1') : what;
      for (let at = 0; at < bytes.length; at += segmentBytes) {
        send(side, PUSH! | ACK!, bytes.subarray(at, at + segmentBytes));
      }
    }
    send(0, FIN! | ACK!);
    send(1, FIN! | ACK!);
  }
  writer.flush();
  return Buffer.concat(pieces);
}

const program = path.join(import.meta.dirname, '..', 'main.ts');

/** Runs the agent on a capture. @param name what the capture is called in `folder` */
export function runAgent(folder: string, capture: Uint8Array, args: readonly string[], name = 'capture.pcap') {
  const file = path.join(folder, name);
  writeFileSync(file, capture);
  const child = spawnSync(process.execPath, [program, '--read', file, ...args], { encoding: 'utf8', timeout: 60_000 });
  rmSync(file);
  return child;
}

interface Named {
  readonly name: string;
  readonly value: string;
}

/** As much of an entry as is looked at. */
export interface Entry {
  readonly comment?: string;
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly cookies: readonly Named[];
    readonly comment?: string;
    readonly postData?: { readonly text: string; readonly encoding?: string; readonly comment?: string };
  };
  readonly response: {
    readonly status: number;
    readonly cookies: readonly Named[];
    readonly comment?: string;
    readonly content: {
      readonly size: number;
      readonly compression?: number;
      readonly text?: string;
      readonly encoding?: string;
      readonly comment?: string;
    };
  };
}

export interface Made {
  readonly entries: readonly Entry[];
  readonly printed: string;
  readonly witnesses: string;
  readonly stats: Readonly<Record<string, number>>;
  /** Of `--until bodies`. */
  readonly discarded: Readonly<Record<string, number>>;
}

/** What all outputs hold of a capture. @throws Error where the agent failed */
export function everyOutput(
  folder: string,
  capture: Uint8Array,
  args: readonly string[] = ['--obfuscate', 'off'],
): Made {
  const file = (name: string) => path.join(folder, name);
  const outputs = ['--har', file('a.har'), '--witnesses', file('a.witnesses'), '--stats', file('a.stats'), '--print'];
  const { status, stdout, stderr } = runAgent(folder, capture, [...outputs, ...args]);
  if (status !== 0) throw new Error(`the agent ended with ${status}: ${stderr}`);
  const bodies = runAgent(folder, capture, ['--until', 'bodies', '--stats', file('b.stats')]);
  if (bodies.status !== 0) throw new Error(`the agent ended with ${bodies.status}: ${bodies.stderr}`);
  const inspected = spawnSync(process.execPath, [program, 'inspect', file('a.witnesses')], { encoding: 'utf8' });
  const read = (name: string) => (existsSync(file(name)) ? JSON.parse(readFileSync(file(name), 'utf8')) : {});
  return {
    entries: read('a.har').log.entries,
    printed: stdout,
    witnesses: inspected.stdout,
    stats: read('a.stats'),
    discarded: read('b.stats'),
  };
}
