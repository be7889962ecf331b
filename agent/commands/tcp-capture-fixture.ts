/** Captures of connections in which TCP is unusual, made for tests: one small HTTP exchange or two each. */
import { PcapWriter } from '../pcap/pcap-writer.ts';
import { TcpFlag } from '../wire/packet.ts';
import { buildTcpFrame, type FrameFields } from '../wire/packet-builder.ts';

const letters: Record<string, number> = {
  S: TcpFlag.syn,
  A: TcpFlag.ack,
  F: TcpFlag.fin,
  R: TcpFlag.rst,
  P: TcpFlag.psh,
  U: TcpFlag.urg,
};

const asItIs: Mirror = { linkType: 1, wrap: (frame) => frame };

export interface Line {
  /** Milliseconds after the line before. @default 10 */
  readonly afterMs?: number;
  readonly fromServer?: boolean;
  /** Letters of `SAFRPU`. */
  readonly flags: string;
  /** Absolute, as the acknowledgement. */
  readonly sequence: number;
  readonly acknowledgement?: number;
  readonly text?: string;
  readonly urgent?: number;
  readonly frame?: FrameFields;
}

/** How a mirror brings an Ethernet frame. */
export interface Mirror {
  readonly linkType: number;
  readonly wrap: (frame: Uint8Array) => Uint8Array;
}

/** The lines as a pcap file. */
export function capturePackets(lines: readonly Line[], { linkType, wrap }: Mirror = asItIs): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)), { linkType });
  let tsUs = 1_700_000_000_000_000;
  for (const line of lines) {
    const [client, server] = ['10.0.0.1', '192.168.0.2'];
    const { fromServer = false, sequence, acknowledgement = 0, urgent = 0 } = line;
    const frame = buildTcpFrame(
      {
        ...{ source: fromServer ? server : client, destination: fromServer ? client : server },
        ...{ sourcePort: fromServer ? 80 : 40_000, destinationPort: fromServer ? 40_000 : 80 },
        ...{ sequence, acknowledgement, urgent, payload: Buffer.from(line.text ?? '') },
        flags: [...line.flags].reduce((flags, letter) => flags | letters[letter]!, 0),
      },
      line.frame,
    );
    const bytes = wrap(frame);
    tsUs += (line.afterMs ?? 10) * 1000;
    writer.frame(bytes, 0, bytes.length, bytes.length, tsUs);
  }
  writer.flush();
  return Buffer.concat(pieces);
}

export const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
export const response = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** A connection from its SYN to its end. */
export function connection(
  [client, server]: readonly [number, number],
  exchanges: readonly (readonly [path: string, body: string])[],
  frame: FrameFields = {},
): Line[] {
  const lines: Line[] = [
    { flags: 'S', sequence: client },
    { flags: 'SA', sequence: server, acknowledgement: client + 1, fromServer: true },
    { flags: 'A', sequence: client + 1, acknowledgement: server + 1 },
  ];
  let [next, expected] = [client + 1, server + 1];
  for (const [path, body] of exchanges) {
    const [asked, answered] = [request(path), response(body)];
    lines.push({ flags: 'PA', sequence: next, acknowledgement: expected, text: asked });
    next += asked.length;
    lines.push({ flags: 'PA', sequence: expected, acknowledgement: next, text: answered, fromServer: true });
    expected += answered.length;
    lines.push({ flags: 'A', sequence: next, acknowledgement: expected });
  }
  lines.push({ flags: 'FA', sequence: next, acknowledgement: expected });
  lines.push({ flags: 'FA', sequence: expected, acknowledgement: next + 1, fromServer: true });
  lines.push({ flags: 'A', sequence: next + 1, acknowledgement: expected + 1 });
  return lines.map((line) => ({ ...line, frame }));
}

/** So many exchanges of one connection, neither its beginning nor its end: as if that had been missed. */
export function exchangesAlone(
  sequences: readonly [number, number],
  exchanges: readonly (readonly [path: string, body: string])[],
): Line[] {
  return connection(sequences, exchanges).slice(3, -3);
}
