/**
 * Sealed = built, obfuscated, digested, encoded: the same body both ways. Bodies come from a seed, made of what the way
 * through the bytes has to get right: formats, secrets and what almost is one, escapes, numbers at their limits, faults.
 */

import { type BodyLimits, defaultBodyLimits } from '../body/body-limits.ts';
import { BodyReader } from '../body/body-reader.ts';
import { noCodings } from '../body/codings.ts';
import { BodyBuffers } from '../body/json-document.ts';
import { DecoderPool } from '../coding/decoder-pool.ts';
import { dataDigest } from '../digest/digest.ts';
import { createRandom } from '../seeded-random.ts';
import { BodyBuilder } from '../witness/body-builder.ts';
import { inferringTyper } from '../witness/infer.ts';
import { type Data, DataKind } from '../witness/ir.ts';
import { Obfuscator } from '../witness/obfuscation.ts';
import type { Sealer } from '../witness/sealer.ts';
import { ValueBudget, ValueTotal } from '../witness/value-budget.ts';
import { beginWriting, writtenBytes } from './backward-writer.ts';
import { ValueSealer } from './value-sealer.ts';
import { encodeData } from './witness-encoder.generated.ts';

const means = { decoders: new DecoderPool(1 << 20), buffers: new BodyBuffers(1 << 20) };

/** @param complete whether its end was seen */
export function buildBody(body: Uint8Array, sealer: Sealer | null, limits: BodyLimits, complete = true): Built {
  const builder = new BodyBuilder(new ValueBudget(new ValueTotal(1 << 26), 1 << 26), inferringTyper, 200, sealer);
  const reader = new BodyReader(limits, means, builder, 'application/json', noCodings);
  reader.push(body, 0, body.length);
  const { whole } = reader.finish(complete);
  return { data: builder.finish(), whole: whole && !builder.cut };
}

export interface Built {
  readonly data: Data | null;
  readonly whole: boolean;
}

export interface Both {
  /** Whether the sealer took it. */
  readonly sealed: boolean;
  /** Whether it was read to its end, by the way it went. */
  readonly whole: boolean;
  /** Digest, bytes in hexadecimal, values redacted: through the bytes, and through the tree. */
  readonly ours: readonly [string, string, number] | null;
  readonly reference: readonly [string, string, number] | null;
}

/** One body, both ways. @param sealedBytesMax a longer one is sealed in parts */
export function bothWays(
  body: Uint8Array,
  mode: 'redact' | 'off' = 'redact',
  sealedBytesMax = defaultBodyLimits.sealedBytesMax,
): Both {
  const limits = { ...defaultBodyLimits, sealedBytesMax };
  const key = Buffer.alloc(32);
  const [mine, theirs] = [new Obfuscator(mode, key), new Obfuscator(mode, key)];
  const sealer = new ValueSealer(mine, limits, 1 << 16);
  const { data, whole } = buildBody(body, sealer, limits);
  const { data: tree } = buildBody(body, null, limits);
  const found = (value: Data | null, obfuscator: Obfuscator) => {
    if (value === null) return null;
    obfuscator.value(value);
    beginWriting();
    encodeData(value);
    const bytes = writtenBytes().toString('hex');
    return [dataDigest(value), bytes, obfuscator.changed] as const;
  };
  const isSealed = data?.kind === DataKind.SEALED;
  const result = { sealed: isSealed, whole, ours: found(data, mine), reference: found(tree, theirs) };
  if (isSealed) sealer.release(data, true);
  return result;
}

/** Formats, secrets, and what almost is one. */
const TEXTS = [
  '',
  'dolor',
  'street pending',
  '7f606562-ef73-447b-8096-5096d0551775',
  '2023-11-17T06:44:46Z',
  '2023-11-17T06:44:46.123Z',
  '2023-13-17T06:44:46Z',
  '2023-11-17 06:44:46+01:00',
  '2023-11-17',
  '17.11.2023',
  '12:34:56',
  'Tue, 14 Nov 2023 22:13:20 GMT',
  '10.0.0.1',
  'fe80::1%eth0',
  '4111 1111 1111 1111',
  '4111111111111111',
  '5500-0000-0000-0004',
  '078-05-1120',
  '1600000000',
  '1600000000000',
  '+14155552671',
  '(415) 555-2671',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_def',
  'd41d8cd98f00b204e9800998ecf8427e',
  'https://exämple.org/a?b=c#d',
  'http://user:secret@example.org/',
  'http://example.org/?token=abcdef123456',
  'a.b+c@example.co.uk',
  'a@b',
  'DE',
  'USD',
  'en',
  'en-US',
  'SGVsbG8gV29ybGQhIEhlbGxvIQ==',
  'naïve café — “quoted”\nsed',
  'Bearer abcdef123456',
  'Basic dXNlcjpwYXNz',
  'bearer of news',
  'digest abc',
  'AKIAIOSFODNN7EXAMPLE',
  'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
  'sk_live_abcdefghijklmnop1234',
  'key-0123456789abcdef0123456789abcdef',
  '123456789:AAabcdefghijklmnopqrstuvwxyz0123456789',
  'password: hunter2',
  'password=hunter2&x=1',
  '{"password":"hunter2"}',
  '{\\"password\\":\\"hunter2\\"}',
  '<password>hunter2</password>',
  '-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----',
  'note: nothing',
  'a=b',
  'x < y',
  '😀 smile',
  '\u0001control',
  'tab\there',
  'back\\slash / "quote"',
  'a-very-long-word-with-many-dashes-and-no-secret-in-it',
  'Content-Disposition: form-data; name="password"\r\n\r\nhunter2\r\n--x',
  'Content-Disposition: form-data; name=password\r\n\r\nhunter2\r\n--x',
  'password: |\n  hunter2\n  more\nuser: x',
  'name: password\nvalue: hunter2',
  's:8:"password";s:7:"hunter2";',
  'password%3Dhunter2',
  'password%253Dhunter2',
  '100% sure',
  '&lt;password&gt;hunter2&lt;/password&gt;',
  'Tom &amp; Jerry',
  'Tom & Jerry; Smith',
  '["Authorization","Bearer of9tokens"]',
  'authorization',
  'X-Api-Key',
  'k3y-for-it-all-9',
  'eyJwYXNzd29yZCI6Imh1bnRlcjIifQ==',
  'cGFzc3dvcmQ9aHVudGVyMg==',
  'https://example.org/reset/abc123def456',
  'https://example.org/users/1234567/posts',
  '/api/v1/session/0123456789abcdef',
  'API key: hunter2',
  'meeting at 10:30',
  'curl --password hunter2 -u bob:hunter2 x',
  'abc8Q~abcdefghijklmnopqrstuvwxyz01234567',
  'AbC123_abcdefghijklmnopqrstuvwxyz012_mmk',
  'abcdefghij1234.atlasv1.abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz',
  'GHP_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  'hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX012',
  'contraseña=hunter2',
  "{'password': 'hunter2'}",
  'password => hunter2',
  'AbCdE12345fGhIj67890',
  '0123456789abcdef0123456789abcdef',
];
const KEYS = [
  'id',
  'name',
  'value',
  'key',
  'field',
  'items',
  'email',
  'created_at',
  'password',
  'accessToken',
  'token_type',
  'geo',
  'naïve',
  '',
  'a b',
  'x-y',
  'zip',
  'k1',
  'k2',
  'user_password',
  'Name',
  'Value',
  'type',
  'data',
  'adafruit_id',
  'twitter_handle',
  'code',
  'sort_key',
  'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
];
const NUMBERS = [
  '0',
  '-0',
  '1',
  '-1',
  '42',
  '127',
  '128',
  '-300',
  '16384',
  '999999999999999',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551615',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775807',
  '1050118621198921728',
  '-1050118621198921728',
  '4099999999999999999',
  '4100000000000000000',
  '4111111111111111111',
  '10000000000000000',
  '1600000000',
  '1600000000000',
  '1600000000000000',
  '4111111111111111',
  '378282246310005',
  '-4294967297',
  '-999999999999999',
  '0.0',
  '-0.0',
  '1.0',
  '1.5',
  '-2.5e-7',
  '1.5e3',
  '1e3',
  '0.1',
  '123.456',
  '-89.12345',
  '0.30000000000000004',
  '4111111111111111.0',
  '1e999',
  '5e-324',
  '4.9406564584124654e-324',
  '2.0000000001',
  '100000000000.5',
];
const FAULTS = [
  '',
  ',',
  ']',
  '{',
  '01',
  '1.',
  '+1',
  '.5',
  'nul',
  'truefalse',
  '"\\x"',
  '"\\ud800"',
  '"\\u12',
  '1 2',
  '\u00a0',
  '"a\nb"',
];

/** A body from a seed: mostly JSON as APIs send it. */
export function makeBody(seed: number): Buffer {
  const next = createRandom(seed, 'fuzz').fraction;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const space = () => (next() < 0.05 ? pick([' ', '\n', '\t', '  ', '\r\n']) : '');
  const text = (value: string): string => {
    let plain = JSON.stringify(value);
    if (next() < 0.1)
      plain = plain.replace(/[a-z/]/g, (char) =>
        next() < 0.3 ? (char === '/' ? '\\/' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) : char,
      );
    if (next() < 0.05)
      plain = plain.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
    return plain;
  };
  const mutated = (value: string): string => {
    if (next() < 0.7) return value;
    const at = Math.floor(next() * (value.length + 1));
    const char = pick([...'0123456789abcdefgzAZ-_.:/@=+ ,<"$é']);
    return value.slice(0, at) + (next() < 0.5 ? char : '') + value.slice(at + (next() < 0.5 ? 1 : 0));
  };
  const value = (depth: number): string => {
    const kind = next();
    if (depth > 0 && kind < 0.2) {
      const keys = new Set(Array.from({ length: Math.floor(next() * 7) }, () => mutated(pick(KEYS))));
      // Names that look like numbers come out of the runtime's parser in another order.
      const members = [...keys].filter((key) => !/^\d+$/.test(key));
      return `{${members.map((key) => `${space()}${text(key)}${space()}:${space()}${value(depth - 1)}`).join(',')}${space()}}`;
    }
    if (depth > 0 && kind < 0.3)
      return `[${Array.from({ length: Math.floor(next() * 6) }, () => space() + value(depth - 1) + space()).join(',')}]`;
    if (kind < 0.7) return text(mutated(pick(TEXTS)));
    if (kind < 0.9)
      return next() < 0.5 ? pick(NUMBERS) : String(Math.round((next() - 0.3) * 1e9) / 10 ** Math.floor(next() * 6));
    return pick(['true', 'false', 'null']);
  };
  let body = next() < 0.7 ? `{"a":${value(5)},"items":[${value(4)},${value(4)}]}` : value(5);
  if (next() < 0.1) {
    const at = Math.floor(next() * body.length);
    body = body.slice(0, at) + pick(FAULTS) + body.slice(at + (next() < 0.5 ? 1 : 0));
  }
  const bytes = Buffer.from(body);
  if (next() < 0.02 && bytes.length > 0) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
  return bytes;
}

export const textSamples: readonly string[] = TEXTS;
