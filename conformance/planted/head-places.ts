/** Request lines, status lines, fields and trailers with a name and its value in them. */
import type { Exchange } from './exchange.ts';

export interface Place {
  readonly label: string;
  /** The place gives the value no name: only shapes are found there. */
  readonly isBare?: boolean;
  /** Whether name and value can stand there at all. */
  readonly takes?: (name: string, value: string) => boolean;
  readonly plant: (name: string, value: string) => Exchange;
}

const pct = encodeURIComponent;
const everyByte = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('');
const oneLine = (_name: string, value: string) => !value.includes('\n');
const asToken = (name: string, value: string) => /^[\w.-]+$/.test(name) && oneLine(name, value);
const noBlank = (name: string, value: string) => /^[\w.-]+$/.test(name) && !/[\s;,"]/.test(value);

const targets: readonly (readonly [string, (n: string, v: string) => string])[] = [
  ['query', (n, v) => `?${pct(n)}=${pct(v)}`],
  ['query, among others', (n, v) => `?page=1&${pct(n)}=${pct(v)}&sort=asc`],
  ['query, semicolons', (n, v) => `?page=1;${pct(n)}=${pct(v)};sort=asc`],
  ['query, array', (n, v) => `?${pct(n)}[]=${pct(v)}`],
  ['query, nested', (n, v) => `?user[${pct(n)}]=${pct(v)}`],
  ['query, nested and encoded', (n, v) => `?user%5B${pct(n)}%5D=${pct(v)}`],
  ['query, dotted', (n, v) => `?user.${pct(n)}=${pct(v)}`],
  ['query, plus', (n, v) => `?${pct(n)}=${pct(v).replaceAll('%20', '+')}`],
  ['query, upper case', (n, v) => `?${pct(n.toUpperCase())}=${pct(v)}`],
  [
    'query, a letter of the name encoded',
    (n, v) => `?${everyByte([...n][0]!)}${pct([...n].slice(1).join(''))}=${pct(v)}`,
  ],
  ['query, URL in it', (n, v) => `?next=${pct(`/x?${pct(n)}=${pct(v)}`)}`],
  ['query, whole URL in it', (n, v) => `?next=${pct(`https://a.example/x?a=1&${pct(n)}=${pct(v)}`)}`],
  ['query, URL in it, not encoded', (n, v) => `?next=https://a.example/x?${pct(n)}=${pct(v)}`],
  ['query, URL in URL in it', (n, v) => `?next=${pct(`/x?to=${pct(`/y?${pct(n)}=${pct(v)}`)}`)}`],
  ['query, URL three deep', (n, v) => `?a=${pct(`/x?b=${pct(`/y?c=${pct(`/z?${pct(n)}=${pct(v)}`)}`)}`)}`],
  ['query, fragment of URL in it', (n, v) => `?next=${pct(`https://a.example/x#${pct(n)}=${pct(v)}`)}`],
  ['query, encoded twice', (n, v) => `?${pct(pct(n))}=${pct(pct(v))}`],
  ['query, sign encoded', (n, v) => `?${pct(n)}%3D${pct(v)}`],
  ['query, sign encoded twice', (n, v) => `?a%253D1%2526${pct(pct(n))}%253D${pct(pct(v))}`],
  ['query, JSON in it', (n, v) => `?filter=${pct(JSON.stringify({ [n]: v }))}`],
  ['query, GraphQL', (n, v) => `?query=${pct(`{ login(${n}: ${JSON.stringify(v)}) { id } }`)}`],
  ['query, GraphQL variables', (n, v) => `?query=x&variables=${pct(JSON.stringify({ input: { [n]: v } }))}`],
  ['query, name and value', (n, v) => `?name=${pct(n)}&value=${pct(v)}`],
  ['query, name and value, encoded', (n, v) => `?n%61me=${pct(n)}&v%61lue=${pct(v)}`],
  ['query, second question mark', (n, v) => `?a=1?${pct(n)}=${pct(v)}`],
  ['fragment', (n, v) => `#${pct(n)}=${pct(v)}`],
  ['fragment with path', (n, v) => `#/cb?${pct(n)}=${pct(v)}`],
  ['path parameter', (n, v) => `;${pct(n)}=${pct(v)}/x`],
  ['path, pair', (n, v) => `/${pct(n)}/${pct(v)}`],
  ['path, pair and more', (n, v) => `/${pct(n)}/${pct(v)}/confirm`],
  ['path, sign', (n, v) => `/${pct(n)}=${pct(v)}`],
  ['path, colon', (n, v) => `/${pct(n)}:${pct(v)}`],
  ['OData key', (n, v) => `/users(${pct(n)}='${pct(v)}')`],
];

const url = (n: string, v: string) => `https://a.example/x?${pct(n)}=${pct(v)}`;
const fields: readonly (readonly [string, (n: string, v: string) => string])[] = [
  ['field', (n, v) => `${n}: ${v}`],
  ['field, upper case', (n, v) => `${n.toUpperCase()}: ${v}`],
  ['field, prefix', (n, v) => `X-App-${n.replaceAll('_', '-')}: ${v}`],
  ['field, no blank', (n, v) => `${n}:${v}`],
  ['field, metadata', (n, v) => `X-Amz-Meta-${n}: ${v}`],
  ['field, JSON in it', (n, v) => `X-Debug: ${JSON.stringify({ [n]: v })}`],
  ['field, JSON encoded in it', (n, v) => `X-User: ${pct(JSON.stringify({ [n]: v }))}`],
  ['field, list in it', (n, v) => `X-Params: a=1, ${n}=${v}`],
  ['field, parameters in it', (n, v) => `X-Params: a; b=1; ${n}="${v}"`],
  ['field, query in it', (n, v) => `X-Query: a=1&${pct(n)}=${pct(v)}`],
  ['field, colon in it', (n, v) => `X-Debug: ${n}: ${v}`],
  ['field, folded', (n, v) => `X-Params: a=1,\r\n ${n}=${v}`],
  ['authorization, scheme of its own', (n, v) => `Authorization: Custom ${n}="${v}"`],
  ['authorization, no scheme', (_n, v) => `Authorization: ${v}`],
  ['authorization, bearer', (_n, v) => `Authorization: Bearer ${v}`],
  ['authorization, Basic', (_n, v) => `Authorization: Basic ${Buffer.from(`a:${v}`).toString('base64')}`],
  ['proxy authorization', (_n, v) => `Proxy-Authorization: Bearer ${v}`],
  ['authorization, unknown scheme', (_n, v) => `Authorization: Token ${v}`],
  ['original authorization', (_n, v) => `X-Original-Authorization: Bearer ${v}`],
  ['referer', (n, v) => `Referer: ${url(n, v)}`],
  ['origin URL', (n, v) => `X-Original-URL: /x?${pct(n)}=${pct(v)}`],
  ['forwarded URI', (n, v) => `X-Forwarded-Uri: /x?a=1&${pct(n)}=${pct(v)}`],
  ['destination', (n, v) => `Destination: ${url(n, v)}`],
  ['link', (n, v) => `Link: <${url(n, v)}>; rel="next"`],
  ['baggage', (n, v) => `Baggage: user=7,${n}=${pct(v)}`],
  ['forwarded', (n, v) => `Forwarded: for=1.2.3.4;${n}="${v}"`],
  ['user agent', (n, v) => `User-Agent: app/1.0 (${n}=${v})`],
  ['content type', (n, v) => `Content-Type: application/x-y; ${n}="${v}"`],
  ['content disposition', (n, v) => `Content-Disposition: attachment; filename="x.txt"; ${n}="${v}"`],
  ['accept', (n, v) => `Accept: application/json; ${n}=${v}`],
  ['cache control', (n, v) => `Cache-Control: no-cache, ${n}="${v}"`],
];

const cookies: readonly (readonly [string, (n: string, v: string) => string])[] = [
  ['cookie', (n, v) => `Cookie: ${n}=${pct(v)}`],
  ['cookie, among others', (n, v) => `Cookie: theme=dark; ${n}=${pct(v)}; lang=en`],
  ['cookie, no blank', (n, v) => `Cookie: theme=dark;${n}=${pct(v)}`],
  ['cookie, quoted', (n, v) => `Cookie: ${n}="${pct(v)}"`],
  ['cookie, no name', (_n, v) => `Cookie: ${pct(v)}`],
  ['cookie, JSON in it', (n, v) => `Cookie: prefs=${pct(JSON.stringify({ [n]: v }))}`],
  ['cookie, other name', (_n, v) => `Cookie: visitor=${pct(v)}`],
];

const answerFields: readonly (readonly [string, (n: string, v: string) => string])[] = [
  ['set-cookie', (n, v) => `Set-Cookie: ${n}=${pct(v)}; Path=/; HttpOnly`],
  ['set-cookie, other name', (_n, v) => `Set-Cookie: visitor=${pct(v)}; Max-Age=60`],
  ['set-cookie, quoted', (n, v) => `Set-Cookie: ${n}="${pct(v)}"; Secure`],
  ['set-cookie, attribute', (n, v) => `Set-Cookie: a=b; Path=/x?${pct(n)}=${pct(v)}`],
  ['location', (n, v) => `Location: ${url(n, v)}`],
  ['location, relative', (n, v) => `Location: /cb?a=1&${pct(n)}=${pct(v)}`],
  ['location, fragment', (n, v) => `Location: https://a.example/cb#a=1&${pct(n)}=${pct(v)}`],
  ['location, URL in it', (n, v) => `Location: /login?next=${pct(url(n, v))}`],
  ['location, user information', (_n, v) => `Location: https://app:${pct(v)}@a.example/`],
  ['location, path', (n, v) => `Location: /${pct(n)}/${pct(v)}`],
  ['refresh', (n, v) => `Refresh: 0; url=/x?${pct(n)}=${pct(v)}`],
  ['content location', (n, v) => `Content-Location: /x?${pct(n)}=${pct(v)}`],
  ['challenge', (n, v) => `WWW-Authenticate: Custom realm="x", ${n}="${v}"`],
  ['authentication info', (_n, v) => `Authentication-Info: nextnonce="${v}"`],
];

const lines: readonly Place[] = [
  {
    label: 'user information',
    takes: oneLine,
    plant: (_n, v) => ({ wholeTarget: `http://app:${pct(v)}@api.example/at/ID` }),
  },
  {
    label: 'whole URL',
    takes: oneLine,
    plant: (n, v) => ({ wholeTarget: `http://api.example/at/ID?${pct(n)}=${pct(v)}` }),
  },
  { label: 'status text', takes: oneLine, plant: (n, v) => ({ status: `401 Bad ${n}=${v}` }) },
  { label: 'status text, colon', takes: oneLine, plant: (n, v) => ({ status: `400 ${n}: ${v}` }) },
  {
    label: 'trailer',
    takes: asToken,
    plant: (n, v) => ({ body: '{"a":1}', answer: 'x', chunkBytes: 5, trailers: [`${n}: ${v}`] }),
  },
  {
    label: 'trailer, JSON in it',
    takes: asToken,
    plant: (n, v) => ({
      body: '{"a":1}',
      answer: 'x',
      chunkBytes: 5,
      trailers: [`X-A: ${JSON.stringify({ [n]: v })}`],
    }),
  },
  { label: 'WebSocket query', takes: oneLine, plant: (n, v) => ({ ...upgrade, target: `?${pct(n)}=${pct(v)}` }) },
  {
    label: 'WebSocket subprotocol',
    takes: noBlank,
    plant: (n, v) => ({ ...upgrade, fields: [...upgrade.fields, `Sec-WebSocket-Protocol: ${n}, ${v}`] }),
  },
  {
    label: 'WebSocket subprotocol, joined',
    takes: noBlank,
    plant: (n, v) => ({ ...upgrade, fields: [...upgrade.fields, `Sec-WebSocket-Protocol: v1.example, ${n}.${v}`] }),
  },
  {
    label: 'WebSocket subprotocol, chosen',
    takes: noBlank,
    plant: (n, v) => ({ ...upgrade, answerFields: [...upgrade.fields, `Sec-WebSocket-Protocol: ${n}.${v}`] }),
  },
];
const upgrade = {
  status: '101 Switching Protocols',
  fields: ['Connection: Upgrade', 'Upgrade: websocket'],
  answerFields: ['Connection: Upgrade', 'Upgrade: websocket'],
  isLast: true,
} as const;

/** What stands behind these names in a path or behind a scheme is what the place is about. */
export const headPlaces: readonly Place[] = [
  ...targets.map(([label, make]) => ({
    label,
    takes: oneLine,
    plant: (n: string, v: string) => ({ target: make(n, v) }),
  })),
  ...[...fields, ...cookies].map(([label, make]) => ({
    label,
    takes: asToken,
    plant: (n: string, v: string) => ({ fields: [make(n, v)] }),
  })),
  ...fields.map(([label, make]) => ({
    label: `${label}, answered`,
    takes: asToken,
    plant: (n: string, v: string) => ({ answerFields: [make(n, v)] }),
  })),
  ...answerFields.map(([label, make]) => ({
    label,
    takes: asToken,
    plant: (n: string, v: string) => ({ status: '302 Found', answerFields: [make(n, v)] }),
  })),
  ...lines,
];
