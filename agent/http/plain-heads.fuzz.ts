/**
 * Seeded fuzzer of the kernel for plain heads: heads that are plain, nearly plain, mutated, hostile and cut, read by the parser
 * as it is and by one whose kernel reads them first. Results must be equal, every field of them, and nothing beyond the end
 * may matter. `node agent/http/plain-heads.fuzz.ts ROUNDS SEED` for longer; the test plays some.
 */
import assert from 'node:assert/strict';
import { createRandom, type Random } from '../seeded-random.ts';
import { INPUT_AT } from '../tcp/segment-layout.ts';
import { HeadParser } from './head-parser.ts';
import { METHODS } from './methods.ts';
import { PlainHeads } from './plain-heads.ts';
import { kernelBytes, kernelMemory } from './transcript.conformance.ts';

const headsPerRound = 400;
/** Few, so that heads with one more come. */
const fieldsMax = 9;

const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!;
/** Mostly the first. */
const mostly = <T>(random: Random, plain: T, odd: readonly T[]): T => (random.chance(0.97) ? plain : pick(random, odd));
/** A byte of any value now and then, among letters. */
const text = (random: Random, length: number): string =>
  Array.from({ length }, () =>
    String.fromCharCode(random.chance(0.003) ? random.below(256) : 33 + random.below(93)),
  ).join('');

const FRAMING = [
  'Content-Length: 0',
  'content-length:12345',
  'CONTENT-LENGTH:  999999999 ',
  'Content-Length: 1000000000',
  'Content-Length: 9999999999',
  'Content-Length: 90071992547409931',
  'Content-Length: 1:',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Content-Length:',
  'Content-Length: 1 2',
  'Content_Length: 7',
  'Kontent-Length: 7',
  'Content-Lengtg: 7',
  'Transfer-Encoding: chunked',
  'transfer-encoding:CHUNKED\t',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunkex',
  'Transfer-Encodinh: chunked',
  'Transfer-Encodxng: chunked',
  'Transfer-Encoding:',
  'Upgrade: websocket',
  'upgrade: h2c',
  'Upgradf: x',
  'Upgrade:',
];

function field(random: Random): string {
  if (random.chance(0.12)) return pick(random, FRAMING);
  const name = pick(random, ['Host', 'Accept', 'X-1', 'a', "!#$%&'*+-.^_`|~09AZaz", 'Content-Type', text(random, 4)]);
  const value = pick(random, ['', 'x', 'a\tb', '\xe9\xff', text(random, random.below(40)), text(random, 7)]);
  const colon = mostly(random, pick(random, [':', ': ', ':\t ', ':  ']), [' :', '', ';', ':\r', ':\0']);
  return `${mostly(random, name, ['', ' x', 'x y', 'x\0'])}${colon}${value}${pick(random, ['', '', ' ', ' \t'])}`;
}

function startLine(random: Random): string {
  const version = mostly(random, pick(random, ['HTTP/1.1', 'HTTP/1.0', 'HTTP/1.9']), [
    ...['HTTP/2.0', 'HTTP/1.', 'HTTP/1.x', 'http/1.1', 'HTTP/1.10', 'HTTP/1:1', 'HTTP/1./', 'HTTP/1.:'],
  ]);
  const space = () => mostly(random, ' ', ['', '  ', '\t', '\r', '\x7f', '!']);
  if (random.chance(0.5)) {
    const status = mostly(random, String(100 + random.below(900)), [
      '99',
      '099',
      '2000',
      '20x',
      '000',
      '',
      '2:0',
      '20:',
      ':00',
    ]);
    return `${version}${space()}${status}${pick(random, ['', ' ', ' OK', ' Not Found', ` ${text(random, 9)}`])}`;
  }
  const unknown = ['X', 'GETT', 'GE', 'get', 'x'.repeat(32), 'x'.repeat(33), 'A-B', 'PO/ST', 'ABCDEFGH', 'ABCDEFG'];
  const method = random.chance(0.8) ? pick(random, METHODS) : pick(random, unknown);
  const target = mostly(random, `/${text(random, random.below(30))}`, ['', '*', '/a b', '/\x7f', '/\x80\xff', '/\t']);
  return `${method}${space()}${target}${space()}${version}${mostly(random, '', [' ', '  ', 'x'])}`;
}

function head(random: Random): Uint8Array {
  const end = () => mostly(random, '\r\n', ['\n', '\r', '\r\r\n', '\r\n ', '\r\n\t', '\0\r\n', '\n\r']);
  let lines = startLine(random) + end();
  for (let count = random.below(random.chance(0.1) ? 13 : 7); count > 0; count -= 1) lines += field(random) + end();
  return Buffer.from(`${lines}${mostly(random, '\r\n', ['\n', '\r', '', '\rx'])}`, 'latin1');
}

/** All that a parser found; of the fields as many as it counts. */
function found(parser: HeadParser, length: number): object {
  const { fields, ...rest } = parser;
  return { length, ...rest, fields: [...fields.subarray(0, parser.count * 4)] };
}

/** @returns how many of the heads the kernel took, of how many. */
export function fuzzHeads(seed: number): { taken: number; heads: number } {
  const random = createRandom(seed, 'fuzz');
  const plain = new HeadParser(fieldsMax);
  const inPlace = new HeadParser(fieldsMax);
  inPlace.readInPlace(kernelMemory, kernelBytes);
  const kernel = new PlainHeads(kernelMemory, fieldsMax);
  let taken = 0;
  for (let count = 0; count < headsPerRound; count += 1) {
    const bytes = head(random);
    if (random.chance(0.2)) bytes[random.below(bytes.length)] = random.below(256);
    const start = INPUT_AT + random.below(16);
    // What came before lies behind the end.
    const behind = pick(random, [Buffer.alloc(0), head(random), Buffer.from('\r\n\r\n\r\n\r\n'), Buffer.alloc(20)]);
    kernelBytes.set(bytes, start);
    kernelBytes.set(behind, start + bytes.length);
    const end = start + (random.chance(0.2) ? 1 + random.below(bytes.length) : bytes.length);
    const copy = kernelBytes.slice(start, end);
    const isStrict = random.chance(0.1);
    const expected = found(plain, plain.parse(copy, 0, copy.length, isStrict));
    const actual = found(inPlace, inPlace.parse(kernelBytes, start, end, isStrict));
    assert.deepEqual(actual, expected, `seed ${seed}, head ${count}`);
    if (kernel.parse(start, end) > 0) {
      taken += 1;
      assert.equal(plain.flags, 0, `seed ${seed}, head ${count}: nothing is odd about a plain head`);
    }
  }
  return { taken, heads: headsPerRound };
}

if (import.meta.main) {
  const [rounds = '2000', first = '1'] = process.argv.slice(2);
  let taken = 0;
  for (let seed = Number(first); seed < Number(first) + Number(rounds); seed += 1) taken += fuzzHeads(seed).taken;
  process.stdout.write(`${rounds} rounds of ${headsPerRound} heads, ${taken} taken by the kernel: no difference\n`);
}
