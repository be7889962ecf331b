/** What the kernels have to know of the agent's constants, as files of AssemblyScript. Run by `npm run generate`. */
import { TYPE_LIST, TYPE_MAP } from '../digest/digest-memory.ts';
import { fieldKey, SealField } from '../digest/schema-fields.ts';
import * as layout from '../encode/seal-layout.ts';
import { FIELDS_AT, Found, HEAD_AT, METHOD_IS_LONG, TOKENS_AT } from '../http/head-layout.ts';
import { METHOD_BYTES_MAX, METHODS } from '../http/methods.ts';
import { Has } from '../witness/character-classes.ts';
import { ALL_FORMATS, EXAMINED_CHARACTERS_MAX } from '../witness/formats.ts';
import { SHORT_WORD_MAX } from '../witness/secret-patterns.ts';
import { constantsText, type KernelConstant, prefixed, wordOf } from './kernel-text.ts';

function headLayout(): string {
  const found = Object.fromEntries(Object.entries(Found).map(([name, index]) => [name, HEAD_AT + index * 4]));
  // Longer ones are not told apart here.
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

const { Op, Constant, KeyIs, SecretKind, EmailPart, Place, PlaceIs, HeadText, ...rest } = layout;

function sealLayout(): string {
  const numbers = Object.entries(rest).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const formats = Object.fromEntries(
    ALL_FORMATS.flatMap(({ names }, i) => [...names.keys()].map((name) => [name, i + 1])),
  );
  return constantsText('agent/encode/seal-layout.ts and others', {
    ...Object.fromEntries(numbers),
    ...{ EXAMINED_CHARACTERS_MAX, SHORT_WORD_MAX, TYPE_LIST, TYPE_MAP },
    ...prefixed('OP', Op),
    ...prefixed('CONSTANT', Constant),
    ...prefixed('KEY_IS', KeyIs),
    ...prefixed('SECRET', SecretKind),
    ...prefixed('EMAIL', EmailPart),
    ...prefixed('PLACE', Place),
    ...prefixed('PLACE_IS', PlaceIs),
    ...prefixed('HEAD_TEXT', HeadText),
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

/** By file, in `agent/kernels/assembly/`. */
export const kernelLayouts = (): Record<string, string> => ({
  'head/layout.generated.ts': headLayout(),
  'seal/layout.generated.ts': sealLayout(),
});
