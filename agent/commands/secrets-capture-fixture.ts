/** A capture with secrets of every kind in every place a message can hold one. For tests only. */
import { fill, NAMED, SHAPED } from '../witness/secrets-fixture.ts';
import { type Conversation, conversationsCapture } from './conversation-fixture.ts';
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
  const conversations: Conversation[] = [];
  const plant = (kind: string, place: string, secret: string, { request, response }: Exchange) => {
    plants.push({ kind, place, secret });
    conversations.push({
      says: [
        [0, request],
        [1, response],
      ],
    });
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
  return { capture: conversationsCapture(conversations), plants };
}

/** A secret in the forms in which an output may hold it, and its longer pieces by themselves. */
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
