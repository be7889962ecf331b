/**
 * What type a text has where its source knows none: the original's ladder of int64, uint64, double, bool, string, bytes.
 * The rungs take what Go's strconv takes in base 10 (the original's parser), so that digests agree; not its hexadecimal
 * floats, nor "inf" and "nan", which are words more often than numbers.
 */
import type { ValueTyper } from './body-builder.ts';
import { numberFormat, stringFormat } from './formats.ts';
import { boolData, type Data, type DataMeta, doubleData, int64Data, stringData, uint64Data } from './ir.ts';

/** −9223372036854775808 and 18446744073709551615 have 20 characters; a sign before the latter is no uint64. */
const INTEGER = /^[+-]?\d{1,20}$/;
/** Each repetition is followed by what it cannot take itself, so there is nothing to try again. */
const DOUBLE = /^[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,5})?$/;
/** Longer texts are no numbers. */
const NUMBER_CHARACTERS_MAX = 400;
const INT64_MAX = 9223372036854775807n;
const UINT64_MAX = 18446744073709551615n;
/** Digits that fit a safe integer whatever they are. */
const SAFE_DIGITS = 15;

/** A value for a text: its type by the ladder, its format by `formats.ts`. Linear in its length. */
export function inferText(text: string, meta: DataMeta | null): Data {
  const data = typedText(text, meta);
  data.format = stringFormat(text);
  return data;
}

function typedText(text: string, meta: DataMeta | null): Data {
  const { length } = text;
  if (length === 0 || length > NUMBER_CHARACTERS_MAX) return stringData(text, meta);
  const first = text.charCodeAt(0);
  const isNumeric = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e;
  if (isNumeric) return numericText(text, meta) ?? boolText(text, meta) ?? stringData(text, meta);
  return (length <= 5 ? boolText(text, meta) : null) ?? stringData(text, meta);
}

function numericText(text: string, meta: DataMeta | null): Data | null {
  if (text.length <= SAFE_DIGITS && INTEGER.test(text)) return int64Data(Number(text) + 0, meta);
  if (INTEGER.test(text)) {
    const value = BigInt(text.charCodeAt(0) === 0x2b ? text.slice(1) : text);
    if (value >= -INT64_MAX - 1n && value <= INT64_MAX) return int64Data(narrow(value), meta);
    if (value > 0n && value <= UINT64_MAX && text.charCodeAt(0) !== 0x2b) return uint64Data(value, meta);
  }
  if (!DOUBLE.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? doubleData(value, meta) : null;
}

const narrow = (value: bigint): number | bigint =>
  value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;

/** What Go's ParseBool takes, beyond "0" and "1", which are integers before. */
function boolText(text: string, meta: DataMeta | null): Data | null {
  switch (text) {
    case 't':
    case 'T':
    case 'true':
    case 'True':
    case 'TRUE':
      return boolData(true, meta);
    case 'f':
    case 'F':
    case 'false':
    case 'False':
    case 'FALSE':
      return boolData(false, meta);
    default:
      return null;
  }
}

/** The typer for real traffic: types by the ladder where there are none, formats everywhere. */
export const inferringTyper: ValueTyper = {
  string(value: string, meta: DataMeta | null): Data {
    const data = stringData(value, meta);
    data.format = stringFormat(value);
    return data;
  },
  text: inferText,
  number(data: Data): Data {
    data.format = numberFormat(data.value as number | bigint);
    return data;
  },
};
