/** What the kernels have to know of the agent's constants, as files of AssemblyScript. Run by `npm run generate`. */
import { Count } from '../bounded/lru-map.ts';
import { blockPages, blockShift, PoolCount, pageBytes } from '../bounded/page-pool.ts';
import { PacketChoice } from '../capture/frame-source.ts';
import { Tpacket3 } from '../capture/tpacket3.ts';
import { TYPE_LIST, TYPE_MAP } from '../digest/digest-memory.ts';
import { fieldKey, SealField } from '../digest/schema-fields.ts';
import * as layout from '../encode/seal-layout.ts';
import { FIELDS_AT, Found, HEAD_AT, METHOD_IS_LONG, TOKENS_AT } from '../http/head-layout.ts';
import { METHOD_BYTES_MAX, METHODS } from '../http/methods.ts';
import { HalfState } from '../tcp/half-streams.ts';
import { Pressure } from '../tcp/limits.ts';
import { PAST_WAYS, PAST_WORDS } from '../tcp/past-conversations.ts';
import * as segment from '../tcp/segment-layout.ts';
import { CloseReason, GapReason } from '../tcp/stream-handler.ts';
import { keyWordsIpv4, keyWordsIpv6, StreamList, touchUs } from '../tcp/stream-table.ts';
import { TcpFlag } from '../wire/packet.ts';
import { Has } from '../witness/character-classes.ts';
import { ALL_FORMATS, EXAMINED_CHARACTERS_MAX } from '../witness/formats.ts';
import { BLANKS_MAX, STARS_MAX } from '../witness/secret-assignments.ts';
import { LISTED_NAME_MAX, SCRAMBLED_MIN } from '../witness/secret-names.ts';
import { SHORT_WORD_MAX } from '../witness/secret-patterns.ts';
import { ENCODED_WORD_MIN } from '../witness/secret-scanner.ts';
import { NAME_CHARACTERS_MAX } from '../witness/secret-text.ts';
import { ACCOUNT_CHARACTERS_MIN, CARD_DIGITS_MIN, SEGMENT_NAME_MAX } from '../witness/secret-words.ts';
import { constantsText, type KernelConstant, prefixed, wordOf } from './kernel-text.ts';

function headLayout(): string {
  const found = Object.fromEntries(Object.entries(Found).map(([name, index]) => [name, HEAD_AT + index * 4]));
  // Longer ones are `METHOD_IS_LONG`.
  const methods = METHODS.map((method, index) => ({ method, index })).filter(({ method }) => method.length < 8);
  return constantsText(
    'agent/http/head-layout.ts and methods.ts',
    {
      ...{ TOKENS_AT, FIELDS_AT, METHOD_IS_LONG, METHOD_BYTES_MAX },
      ...prefixed('FOUND', found),
      ...{ TEXT_HTTP: { text: 'HTTP/1.' }, TEXT_CHUNKED: { text: 'chunked' }, TEXT_UPGRADE: { text: 'upgrade' } },
      ...{ TEXT_CONTENT: { text: 'content-' }, TEXT_T_LENGTH: { text: 't-length' } },
      ...{ TEXT_TRANSFER: { text: 'transfer' }, TEXT_ENCODIN: { text: '-encodin' } },
    },
    [
      '\n/** Of a method with the space behind it; -1 for others. */',
      'export function methodIndex(word: u64): i32 {',
      ...methods.map(({ method, index }) => `  if (word == ${wordOf(`${method} `)}) return ${index}; // ${method}`),
      '  return -1;',
      '}',
    ],
  );
}

const {
  Op,
  Constant,
  KeyIs,
  SecretKind,
  EmailPart,
  Place,
  PlaceIs,
  HeadText,
  Resumed,
  Found: Answer,
  Frame,
  ...rest
} = layout;

function sealLayout(): string {
  const numbers = Object.entries(rest).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const formats = Object.fromEntries(
    ALL_FORMATS.flatMap(({ names }, i) => [...names.keys()].map((name) => [name, i + 1])),
  );
  return constantsText('agent/encode/seal-layout.ts and others', {
    ...Object.fromEntries(numbers),
    ...{ EXAMINED_CHARACTERS_MAX, TYPE_LIST, TYPE_MAP },
    ...{ BLANKS_MAX, STARS_MAX, NAME_CHARACTERS_MAX, LISTED_NAME_MAX, SCRAMBLED_MIN, SHORT_WORD_MAX, ENCODED_WORD_MIN },
    ...{ ACCOUNT_CHARACTERS_MIN, CARD_DIGITS_MIN, SEGMENT_NAME_MAX },
    ...prefixed('OP', Op),
    ...prefixed('CONSTANT', Constant),
    ...prefixed('KEY_IS', KeyIs),
    ...prefixed('SECRET', SecretKind),
    ...prefixed('EMAIL', EmailPart),
    ...prefixed('PLACE', Place),
    ...prefixed('PLACE_IS', PlaceIs),
    ...prefixed('HEAD_TEXT', HeadText),
    ...prefixed('RESUMED', Resumed),
    ...prefixed('FOUND', Answer),
    ...prefixed('FRAME', Frame),
    ...prefixed('HAS', Has),
    ...prefixed('FORMAT', formats),
    ...wraps(),
    KEY_DATA_PRIMITIVE: { word: littleEndian(fieldKey(SealField.dataPrimitive)) },
    KEY_DATA_META: { word: littleEndian(fieldKey(SealField.dataMeta)) },
  });
}

/** A digest as it lies in memory. */
function littleEndian(digest: bigint): bigint {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(digest);
  return bytes.readBigUInt64LE();
}

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;
const uint64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotl = (value: bigint, by: bigint): bigint => uint64((value << by) | (value >> (64n - by)));

/**
 * Of each field that stands alone in its message: the state of XXH64 behind the first 8 of the message's 17 bytes (`d` + the key's
 * digest + the value's), and the key digest's last byte.
 */
function wraps(): Record<string, KernelConstant> {
  const constants: Record<string, KernelConstant> = {};
  for (const [name, number] of Object.entries(prefixed('WRAP', SealField))) {
    const key = littleEndian(fieldKey(number));
    const first = uint64((key << 8n) | 0x64n);
    const lane = uint64(rotl(uint64(first * P2), 31n) * P1);
    constants[name] = { word: uint64(rotl(uint64(P5 + 17n) ^ lane, 27n) * P1 + P4) };
    constants[`${name}_TOP`] = { word: key >> 56n };
  }
  return constants;
}

const rotated = (name: string, bits: number) => `rotl(${name}, ${bits})`;
/** HalfSipHash's round, as in agent/bounded/keyed-hash.ts. */
const sipRound = [
  `  v0 += v1; v1 = ${rotated('v1', 5)} ^ v0; v0 = ${rotated('v0', 16)};`,
  `  v2 += v3; v3 = ${rotated('v3', 8)} ^ v2;`,
  `  v0 += v3; v3 = ${rotated('v3', 7)} ^ v0;`,
  `  v2 += v1; v1 = ${rotated('v1', 13)} ^ v2; v2 = ${rotated('v2', 16)};`,
];
const sipWord = (name: string): string[] => [`  v3 ^= ${name};`, ...sipRound, `  v0 ^= ${name};`];

/** The hash of an IPv4 connection's key, without a loop. */
const hashOfKey = [
  '\n/** HalfSipHash of a key, as `StreamTable` keeps those of IPv4. */',
  'export function hashOfKey(seed0: i32, seed1: i32, ports: i32, low: i32, high: i32): i32 {',
  '  let v0 = seed0;',
  '  let v1 = seed1;',
  '  let v2 = 0x6c796765 ^ seed0;',
  '  let v3 = 0x74656462 ^ seed1;',
  ...['4', '0', 'ports', 'low', 'high', String(keyWordsIpv4 << 26)].flatMap(sipWord),
  '  v2 ^= 0xff;',
  ...[1, 2, 3].flatMap(() => sipRound),
  '  return v1 ^ v3;',
  '}',
];

function segmentLayout(): string {
  const numbers = Object.entries(segment).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const { clockStepUs, tickUs, ...addresses } = Object.fromEntries(numbers);
  return constantsText(
    'agent/tcp and agent/bounded',
    {
      ...addresses,
      ...{ CLOCK_STEP_US: clockStepUs!, TICK_US: tickUs!, TOUCH_US: touchUs },
      ...{ KEY_WORDS_IPV4: keyWordsIpv4, KEY_BYTES: keyWordsIpv6 * 4, NO_LIST: 255, PAST_WAYS, PAST_WORDS },
      ...{ PAGE_BYTES: pageBytes, BLOCK_SHIFT: blockShift, BLOCK_PAGES: blockPages },
      ...prefixed('COUNT', Count),
      ...prefixed('POOL', PoolCount),
      ...prefixed('TAKEN', segment.Taken),
      ...prefixed('EVENT', segment.Event),
      ...prefixed('TPACKET', Tpacket3),
      ...prefixed('PACKET_CHOICE', PacketChoice),
      ...prefixed('TCP_FLAG', TcpFlag),
      ...prefixed('HALF_STATE', HalfState),
      ...prefixed('STREAM_LIST', StreamList),
      ...prefixed('PRESSURE', Pressure),
      ...prefixed('CLOSE_REASON', CloseReason),
      ...prefixed('GAP_REASON', GapReason),
    },
    hashOfKey,
  );
}

/** By file, in `agent/kernels/assembly/`. */
export const kernelLayouts = (): Record<string, string> => ({
  'head/layout.generated.ts': headLayout(),
  'seal/layout.generated.ts': sealLayout(),
  'segment/layout.generated.ts': segmentLayout(),
});
