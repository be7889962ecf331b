/** A capture with secrets of every kind in every place a message can hold one. For tests only. */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { PcapWriter } from '../pcap/pcap-writer.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';
import { fill, NAMED, SHAPED } from '../witness/secrets-fixture.ts';

export interface Plant {
  readonly kind: string;
  readonly place: string;
  readonly secret: string;
}

interface Exchange {
  readonly request: Buffer;
  readonly response: Buffer;
}

/** Named secrets so long that none stands somewhere by chance. */
const named: [name: string, secret: string][] = Object.keys(NAMED).map((name, i) => {
  const isNumber = ['ssn', 'cvv', 'card_number', 'pin', 'otp'].includes(name);
  return [name, isNumber ? `70${i}3958417` : `zq${i}wv${fill(9, 'xkjvqzwy')}p${i}`];
});
const shaped: [name: string, secret: string][] = [
  ...Object.entries(SHAPED),
  ['private key', `-----BEGIN RSA PRIVATE KEY-----\n${fill(64)}\n${fill(64)}\n-----END RSA PRIVATE KEY-----`],
];

const head = 'Host: api.example\r\nUser-Agent: planter/1.0';
const get = (target: string, fields = '') => Buffer.from(`GET ${target} HTTP/1.1\r\n${head}${fields}\r\n\r\n`);
const ok = (fields = '', body: string | Buffer = '') =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nServer: x${fields}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`),
    Buffer.from(body),
  ]);
const post = (type: string, body: string | Buffer, fields = '') =>
  Buffer.concat([
    Buffer.from(
      `POST /plants HTTP/1.1\r\n${head}${type === '' ? '' : `\r\nContent-Type: ${type}`}${fields}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`,
    ),
    Buffer.from(body),
  ]);
/** A body in one of the two messages, and the other one without. */
const sent = (type: string, body: string | Buffer, fields = ''): Exchange => ({
  request: post(type, body, fields),
  response: ok(),
});
const received = (type: string, body: string | Buffer, fields = ''): Exchange => ({
  request: get('/plants'),
  response: ok(`\r\nContent-Type: ${type}${fields}`, body),
});
const chunked = (body: string) => {
  const half = body.length >> 1;
  const chunks = [body.slice(0, half), body.slice(half)].filter((each) => each !== '');
  const coded = chunks.map((each) => `${Buffer.byteLength(each).toString(16)}\r\n${each}\r\n`).join('');
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${coded}0\r\n\r\n`,
  );
};

/** Places where a name stands beside the secret. */
const namedPlaces: Record<string, (name: string, secret: string) => Exchange> = {
  query: (name, secret) => ({
    request: get(`/q?a=1&${encodeURIComponent(name)}=${encodeURIComponent(secret)}&b=2`),
    response: ok(),
  }),
  header: (name, secret) => ({
    request: get('/h', `\r\n${headerName(name)}: ${oneLine(secret)}`),
    response: ok(),
  }),
  'response header': (name, secret) => ({
    request: get('/h'),
    response: ok(`\r\n${headerName(name)}: ${oneLine(secret)}`),
  }),
  cookie: (name, secret) => ({
    request: get('/c', `\r\nCookie: a=b; ${headerName(name)}=${encodeURIComponent(secret)}; c=d`),
    response: ok(`\r\nSet-Cookie: ${headerName(name)}=${encodeURIComponent(secret)}; Path=/; HttpOnly`),
  }),
  referer: (name, secret) => ({
    request: get('/r', `\r\nReferer: https://x.example/?${encodeURIComponent(name)}=${encodeURIComponent(secret)}`),
    response: ok(`\r\nLocation: /next?${encodeURIComponent(name)}=${encodeURIComponent(secret)}`),
  }),
  'JSON member': (name, secret) => sent('application/json', JSON.stringify({ id: 1, [name]: secret })),
  'deep JSON member': (name, secret) =>
    received('application/json', JSON.stringify({ a: [{ b: { [name]: [secret, { c: secret }] } }] })),
  'JSON without its type': (name, secret) => sent('', JSON.stringify({ [name]: secret, z: 1 })),
  'JSON under another type': (name, secret) => received('text/html', JSON.stringify({ [name]: secret, z: 1 }, null, 2)),
  'JSON in JSON': (name, secret) =>
    sent('application/json', JSON.stringify({ log: JSON.stringify({ [name]: secret }) })),
  'JSON that is cut': (name, secret) => sent('application/json', `{"a":1,"${name}":${JSON.stringify(secret)},"b":`),
  'several JSON documents': (name, secret) =>
    received('application/x-ndjson', `{"a":1}\n${JSON.stringify({ [name]: secret })}\n`),
  'large JSON': (name, secret) =>
    received('application/json', JSON.stringify({ filler: 'lorem ipsum '.repeat(4_000), [name]: secret })),
  'JSON pairs': (name, secret) => sent('application/json', JSON.stringify([{ name, value: secret }])),
  'chunked JSON': (name, secret) => ({ request: get('/k'), response: chunked(JSON.stringify({ [name]: secret })) }),
  'gzipped JSON': (name, secret) =>
    received('application/json', gzipSync(JSON.stringify({ [name]: secret })), '\r\nContent-Encoding: gzip'),
  'brotli JSON': (name, secret) =>
    sent('application/json', brotliCompressSync(JSON.stringify({ [name]: secret })), '\r\nContent-Encoding: br'),
  'UTF-16 JSON': (name, secret) =>
    received('application/json; charset=utf-16le', Buffer.from(JSON.stringify({ [name]: secret }), 'utf16le')),
  form: (name, secret) =>
    sent('application/x-www-form-urlencoded', `a=1&${encodeURIComponent(name)}=${encodeURIComponent(secret)}&b=2`),
  multipart: (name, secret) =>
    sent(
      'multipart/form-data; boundary=b0',
      `--b0\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${secret}\r\n--b0--\r\n`,
    ),
  YAML: (name, secret) => received('application/yaml', `user: x\n${name}: ${JSON.stringify(secret)}\nz: 1\n`),
  XML: (name, secret) =>
    sent('application/xml', `<r><${xmlName(name)}>${secret}</${xmlName(name)}><a ${xmlName(name)}="${secret}"/></r>`),
  'event stream': (name, secret) =>
    received('text/event-stream', `event: x\ndata: ${JSON.stringify({ [name]: secret })}\n\n`),
  text: (name, secret) => received('text/plain', `the log says ${name}=${secret}; and goes on\n`),
};

/** Places where nothing but the secret's own shape tells. */
const shapedPlaces: Record<string, (secret: string) => Exchange> = {
  path: (secret) => ({ request: get(`/v1/${encodeURIComponent(secret)}/x`), response: ok() }),
  'JSON key': (secret) => sent('application/json', JSON.stringify({ [secret]: 1 })),
  'parameter name': (secret) => ({ request: get(`/q?${encodeURIComponent(secret)}=1`), response: ok() }),
  'plain text': (secret) => received('text/plain', `line one\nuse ${secret} for it, please\n`),
  HTML: (secret) => received('text/html', `<html><body class="x">${secret}</body></html>`),
  bytes: (secret) => received('application/octet-stream', Buffer.from(`\xff\x00${secret}\x00\xfe`, 'latin1')),
  'file name': (secret) =>
    sent(
      'multipart/form-data; boundary=b0',
      `--b0\r\nContent-Disposition: form-data; name="f"; filename="${oneLine(secret)}"\r\nContent-Type: text/plain\r\n\r\n${secret}\r\n--b0--\r\n`,
    ),
};

/** Places that are secret whatever stands there. */
const secretPlaces: Record<string, (secret: string) => Exchange> = {
  bearer: (secret) => ({ request: get('/b', `\r\nAuthorization: Bearer ${oneLine(secret)}`), response: ok() }),
  basic: (secret) => ({
    request: get('/b', `\r\nAuthorization: Basic ${Buffer.from(`user:${secret}`).toString('base64')}`),
    response: ok(),
  }),
  'proxy authorization': (secret) => ({
    request: get('/b', `\r\nProxy-Authorization: ${oneLine(secret)}`),
    response: ok(),
  }),
  'user information': (secret) => ({
    request: get(`http://user:${encodeURIComponent(secret)}@api.example/u`),
    response: ok(`\r\nLocation: https://user:${encodeURIComponent(secret)}@api.example/`),
  }),
  'path after a name': (secret) => ({ request: get(`/reset-password/${encodeURIComponent(secret)}`), response: ok() }),
  'database URL': (secret) =>
    sent('application/json', JSON.stringify({ note: `postgres://app:${encodeURIComponent(secret)}@db.example/x` })),
};

const headerName = (name: string) => name.replace(/[^A-Za-z0-9_-]/g, '-');
const xmlName = (name: string) => name.replace(/[^A-Za-z0-9_-]/g, '_');
const oneLine = (secret: string) => secret.replaceAll('\n', ' ');

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
    for (const [place, make] of Object.entries(secretPlaces)) plant(name, place, secret, make(secret));
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
