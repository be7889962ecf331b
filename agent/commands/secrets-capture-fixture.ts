/** A capture with secrets of every kind in every place a message can hold one. For tests only. */
import { PcapWriter } from '../pcap/pcap-writer.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';
import { fill, NAMED, SHAPED } from '../witness/secrets-fixture.ts';
import type { Exchange } from './secrets-exchange-fixture.ts';
import { namedPlaces } from './secrets-named-fixture.ts';
import { secretPlaces, shapedPlaces } from './secrets-shaped-fixture.ts';

export interface Plant {
  readonly kind: string;
  readonly place: string;
  readonly secret: string;
}

/** Named secrets so long that none stands somewhere by chance. */
const named: [name: string, secret: string][] = Object.keys(NAMED).map((name, i) => {
  const isNumber = /^\d+$/.test(NAMED[name]!);
  return [name, isNumber ? `70${i}3958417` : `zq${i}wv${fill(9, 'xkjvqzwy')}p${i}`];
});
const shaped: [name: string, secret: string][] = [
  ...Object.entries(SHAPED),
  ['private key', `-----BEGIN RSA PRIVATE KEY-----\n${fill(64)}\n${fill(64)}\n-----END RSA PRIVATE KEY-----`],
];

/** The exchanges, in order, and what is planted in them. */
export function plantSecrets(): { capture: Uint8Array; plants: Plant[] } {
  const plants: Plant[] = [];
  const exchanges: Exchange[] = [];
  const plant = (kind: string, place: string, secret: string, exchange: Exchange) => {
    plants.push({ kind, place, secret });
    exchanges.push(exchange);
  };
  for (const [name, secret] of named) {
    for (const [place, make] of Object.entries(namedPlaces)) plant(name, place, secret, make(name, secret));
  }
  for (const [kind, secret] of shaped) {
    for (const [place, make] of Object.entries(namedPlaces)) plant(kind, place, secret, make('note', secret));
    for (const [place, make] of Object.entries({ ...shapedPlaces, ...secretPlaces })) {
      plant(kind, place, secret, make(secret));
    }
  }
  return { capture: captureOf(exchanges), plants };
}

/** Each exchange on a connection of its own. */
function captureOf(exchanges: readonly Exchange[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new PcapWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)), { linkType: 1 });
  let tsUs = 1_700_000_000_000_000;
  for (const [index, { request, response }] of exchanges.entries()) {
    const next = [1, 1];
    const send = (side: 0 | 1, flags: number, payload: Buffer = Buffer.alloc(0)) => {
      const [client, server] = [`10.0.${index >> 8}.${index & 255 || 1}`, '10.9.0.1'];
      const frame = buildTcpFrame({
        source: side === 0 ? client : server,
        destination: side === 0 ? server : client,
        sourcePort: side === 0 ? 40_000 + (index % 20_000) : 80,
        destinationPort: side === 0 ? 80 : 40_000 + (index % 20_000),
        sequence: next[side]! - ((flags & 2) !== 0 ? 1 : 0),
        acknowledgement: next[1 - side]!,
        flags,
        payload,
      });
      next[side]! += payload.length;
      tsUs += 300;
      writer.frame(frame, 0, frame.length, frame.length, tsUs);
    };
    send(0, 2);
    send(1, 18);
    for (const [side, bytes] of [
      [0, request],
      [1, response],
    ] as const) {
      for (let at = 0; at < bytes.length; at += 1400) send(side, 24, bytes.subarray(at, at + 1400));
    }
    send(0, 17);
    send(1, 17);
  }
  writer.flush();
  return Buffer.concat(pieces);
}

/** A secret in the forms in which an output may tell it, and its longer pieces by themselves. */
export function formsOf(secret: string): string[] {
  const pieces = [
    secret,
    ...secret.split(/[\s=;]+/).filter((piece) => piece.length >= 12 && !piece.startsWith('-----')),
  ];
  return pieces.flatMap((piece) => [
    piece,
    encodeURIComponent(piece),
    JSON.stringify(piece).slice(1, -1),
    Buffer.from(`user:${piece}`).toString('base64').replace(/=+$/, ''),
    Buffer.from(piece).toString('hex'),
    Buffer.from(piece, 'utf16le').toString('latin1'),
  ]);
}
