/**
 * Recognises the format of a value (hot path: every string and number). Expressions are compiled once, when the module
 * is loaded; a value meets only those that its first character and its length allow. Whatever the value, the time is
 * bounded: every expression is anchored, no two neighbouring quantifiers can take the same character (so there is
 * nothing to try again), and no more than `EXAMINED_CHARACTERS_MAX` are looked at.
 */
import { classesOf, Has } from './character-classes.ts';
import { COUNTRY_CODES, CURRENCY_CODES, LANGUAGE_CODES } from './code-lists.ts';
import { DataFormat } from './ir.ts';

/** Longer strings have no format, except tokens and base64, of which so much is looked at. */
export const EXAMINED_CHARACTERS_MAX = 8192;

/** One format: its name, which values may have it, and its test. */
export interface FormatRule {
  readonly format: DataFormat;
  /** Characters with which such a value begins. */
  readonly first: RegExp;
  readonly lengthMin: number;
  readonly lengthMax: number;
  readonly expression: RegExp;
  /** Classes (`Has`) of which such a value consists at most, and of each of which (`any`: of one of which) it has some. */
  readonly classes: number;
  readonly all: number;
  readonly any: number;
  /** What an expression cannot say: ranges, check digits, lists. */
  readonly isValid: (text: string) => boolean;
}

const always = (): boolean => true;

const formats = new Map<string, DataFormat>();

/** One object for each name. */
function formatCalled(kind: string, name: string): DataFormat {
  let format = formats.get(name);
  if (format === undefined) formats.set(name, (format = new DataFormat(kind, new Map([[name, true]]))));
  return format;
}

const { DIGIT: D, HEX_LOWER, HEX_UPPER, LOWER, UPPER: UP, DASH, COLON, DOT, SLASH, AT, PLUS, EQUALS } = Has;
const { UNDERSCORE, SPACE, PARENTHESIS, COMMA, PERCENT, CONTROL } = Has;
const HEXADECIMAL = D | HEX_LOWER | HEX_UPPER;
const SMALL = HEX_LOWER | LOWER;
const LARGE = HEX_UPPER | UP;
const LETTERS = SMALL | LARGE;
const ANYTHING = -1;

function rule(
  kind: string,
  name: string,
  [lengthMin, lengthMax]: readonly [number, number],
  [classes, all, any]: readonly [number, number, number],
  first: RegExp,
  expression: RegExp,
  isValid: (text: string) => boolean = always,
): FormatRule {
  const format = formatCalled(kind, name);
  return { format, first, lengthMin, lengthMax, classes, all, any: any === 0 ? ANYTHING : any, expression, isValid };
}

const digitsAt = (text: string, at: number, count: number): number => Number(text.slice(at, at + count));
const isMonthDay = (month: number, day: number): boolean => month >= 1 && month <= 12 && day >= 1 && day <= 31;

/** yyyy-mm-dd with any separator. */
const isDateYmd = (text: string): boolean => isMonthDay(digitsAt(text, 5, 2), digitsAt(text, 8, 2));
/** dd.mm.yyyy or mm/dd/yyyy: one of both must hold. */
function isDateDmy(text: string): boolean {
  const [a, b] = [digitsAt(text, 0, 2), digitsAt(text, 3, 2)];
  return isMonthDay(a, b) || isMonthDay(b, a);
}
/** yyyymmdd of this century or the last. */
function isDateBasic(text: string): boolean {
  const year = digitsAt(text, 0, 4);
  return year >= 1900 && year < 2100 && isMonthDay(digitsAt(text, 4, 2), digitsAt(text, 6, 2));
}
/** The hour, minute and second that follow at the given place; 24:00 and leap seconds are allowed. */
function isTime(text: string, at: number): boolean {
  return digitsAt(text, at, 2) <= 24 && digitsAt(text, at + 3, 2) < 60 && !(digitsAt(text, at + 6, 2) > 60);
}
const isDateTime = (text: string): boolean => isDateYmd(text) && isTime(text, 11);

/** Luhn's check digit (ISO/IEC 7812-1, annex B) over the digits of the text. */
export function hasLuhnDigit(text: string): boolean {
  let sum = 0;
  let double = false;
  for (let i = text.length - 1; i >= 0; i -= 1) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) continue;
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
    double = !double;
  }
  return sum > 0 && sum % 10 === 0;
}

/** IPv6 (RFC 4291, section 2.2), also with an IPv4 tail and a zone. */
function isIpv6(text: string): boolean {
  const zone = text.indexOf('%');
  const address = zone < 0 ? text : text.slice(0, zone);
  const gap = address.indexOf('::');
  if (gap >= 0 && address.indexOf('::', gap + 1) >= 0) return false;
  const groups = address.split(':');
  let count = 0;
  for (let i = 0; i < groups.length; i += 1) {
    const group = groups[i]!;
    if (group === '') {
      const atEdge = i === 0 || i === groups.length - 1;
      if (gap < 0 || (atEdge && gap !== (i === 0 ? 0 : address.length - 2))) return false;
    } else if (group.includes('.')) {
      if (i !== groups.length - 1 || !IPV4.test(group)) return false;
      count += 2;
    } else {
      if (group.length > 4 || group.includes('.')) return false;
      count += 1;
    }
  }
  return gap >= 0 ? count < 8 : count === 8;
}

/** Both cases or a digit, so that words are not taken for base64. */
const looksEncoded = (text: string): boolean =>
  text.length % 4 === 0 && /[0-9+/=]/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text);

const IPV4 = /^(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
const DIGIT = /\d/;
const HEX = /[0-9a-fA-F]/;
const LETTER = /[A-Za-z]/;
const UPPER = /[A-Z]/;
const DAY_NAMES = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const MONTHS = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const unixRange = (text: string): boolean => /^(?:1\d|2\d|3\d|40)/.test(text);

/** In the order of trying: the first that holds is the value's format. */
export const RULES: readonly FormatRule[] = [
  rule(
    'unique_id',
    'uuid',
    [36, 36],
    [HEXADECIMAL | DASH, DASH, 0],
    HEX,
    /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/,
  ),
  rule(
    'datetime',
    'rfc_3339',
    [20, 40],
    [D | LETTERS | COLON | DASH | DOT | PLUS | SPACE, D | COLON | DASH, 0],
    DIGIT,
    /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:[Zz]|[+-]\d\d:\d\d)$/,
    isDateTime,
  ),
  rule(
    'datetime',
    'iso_8601',
    [16, 40],
    [D | LARGE | COLON | DASH | DOT | COMMA | PLUS | SPACE, D | COLON | DASH, 0],
    DIGIT,
    /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,12})?)?(?: ?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?$/,
    isDateTime,
  ),
  rule(
    'datetime',
    'iso_8601_basic',
    [15, 24],
    [D | UP | DOT | PLUS | DASH, D | UP, 0],
    DIGIT,
    /^\d{8}T\d{6}(?:\.\d{1,6})?(?:Z|[+-]\d{4})?$/,
    isDateBasic,
  ),
  rule(
    'datetime',
    'date',
    [10, 10],
    [D | DASH | SLASH, D, DASH | SLASH],
    DIGIT,
    /^\d{4}-\d\d-\d\d$|^\d{4}\/\d\d\/\d\d$/,
    isDateYmd,
  ),
  rule(
    'datetime',
    'date_local',
    [10, 10],
    [D | DOT | SLASH | DASH, D, DOT | SLASH | DASH],
    DIGIT,
    /^\d\d\.\d\d\.\d{4}$|^\d\d\/\d\d\/\d{4}$|^\d\d-\d\d-\d{4}$/,
    isDateDmy,
  ),
  rule('datetime', 'date_basic', [8, 8], [D, D, 0], DIGIT, /^\d{8}$/, isDateBasic),
  rule('datetime', 'time', [8, 15], [D | COLON | DOT, D | COLON, 0], DIGIT, /^\d\d:\d\d:\d\d(?:\.\d{1,6})?$/, (text) =>
    isTime(text, 0),
  ),
  rule(
    'datetime',
    'rfc_2822',
    [16, 40],
    [D | LETTERS | COMMA | SPACE | COLON | PLUS | DASH, D | SPACE | COLON, 0],
    /[\dA-Z]/,
    new RegExp(`^(?:${DAY_NAMES}, )?\\d{1,2} ${MONTHS} \\d{4} \\d\\d:\\d\\d(?::\\d\\d)? (?:[+-]\\d{4}|[A-Z]{1,5})$`),
  ),
  rule(
    'datetime',
    'rfc_850',
    [29, 40],
    [D | LETTERS | COMMA | SPACE | COLON | DASH, D | COMMA | SPACE | COLON | DASH, 0],
    UPPER,
    new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \\d\\d-${MONTHS}-\\d\\d \\d\\d:\\d\\d:\\d\\d [A-Z]{1,5}$`),
  ),
  rule(
    'datetime',
    'asctime',
    [24, 28],
    [D | LETTERS | SPACE | COLON, D | SPACE | COLON, 0],
    UPPER,
    new RegExp(`^${DAY_NAMES} ${MONTHS} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d(?: [A-Z]{3})? \\d{4}$`),
  ),
  rule('ip_address', 'ipv4', [7, 15], [D | DOT, D | DOT, 0], DIGIT, IPV4),
  rule(
    'ip_address',
    'ipv6',
    [2, 60],
    [HEXADECIMAL | LETTERS | COLON | DOT | PERCENT, COLON, 0],
    /[0-9a-fA-F:]/,
    /^[0-9a-fA-F:]{2,39}[0-9.]{0,15}(?:%[A-Za-z0-9]{1,15})?$/,
    isIpv6,
  ),
  rule(
    'payment_card',
    'credit_card',
    [13, 23],
    [D | SPACE | DASH, D, 0],
    /[2-6]/,
    /^(?:\d{13,19}|\d{4}(?:[ -]\d{4}){3}(?:[ -]\d{3})?|3\d{3}[ -]\d{6}[ -]\d{4,5})$/,
    hasLuhnDigit,
  ),
  rule('datetime', 'unix_seconds', [10, 17], [D | DOT, D, 0], /[1-4]/, /^\d{10}(?:\.\d{1,6})?$/, unixRange),
  rule('datetime', 'unix_milliseconds', [13, 13], [D, D, 0], /[1-4]/, /^\d{13}$/, unixRange),
  rule('datetime', 'unix_microseconds', [16, 16], [D, D, 0], /[1-4]/, /^\d{16}$/, unixRange),
  rule('datetime', 'unix_nanoseconds', [19, 19], [D, D, 0], /[1-4]/, /^\d{19}$/, unixRange),
  rule('phone', 'e164', [8, 16], [D | PLUS, D | PLUS, 0], /\+/, /^\+[1-9]\d{6,14}$/),
  rule(
    'phone',
    'phone',
    [10, 24],
    [D | PLUS | SPACE | DOT | DASH | PARENTHESIS, D, SPACE | DOT | DASH | PARENTHESIS],
    /[+\d(]/,
    /^(?:\+\d{1,3}[ .-])?(?:\(\d{2,4}\) ?|\d{2,4}[ .-])\d{3,4}[ .-]\d{3,4}$/,
  ),
  rule(
    'token',
    'jwt',
    [30, EXAMINED_CHARACTERS_MAX],
    [D | LETTERS | UNDERSCORE | DASH | DOT, DOT, 0],
    /e/,
    /^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*$/,
  ),
  rule('hash', 'md5', [32, 32], [HEXADECIMAL, 0, HEXADECIMAL], HEX, /^(?:[0-9a-f]{32}|[0-9A-F]{32})$/),
  rule('hash', 'sha1', [40, 40], [HEXADECIMAL, 0, HEXADECIMAL], HEX, /^(?:[0-9a-f]{40}|[0-9A-F]{40})$/),
  rule('hash', 'sha224', [56, 56], [HEXADECIMAL, 0, HEXADECIMAL], HEX, /^(?:[0-9a-f]{56}|[0-9A-F]{56})$/),
  rule('hash', 'sha256', [64, 64], [HEXADECIMAL, 0, HEXADECIMAL], HEX, /^(?:[0-9a-f]{64}|[0-9A-F]{64})$/),
  rule('hash', 'sha384', [96, 96], [HEXADECIMAL, 0, HEXADECIMAL], HEX, /^(?:[0-9a-f]{96}|[0-9A-F]{96})$/),
  rule('hash', 'sha512', [128, 128], [HEXADECIMAL, 0, HEXADECIMAL], HEX, /^(?:[0-9a-f]{128}|[0-9A-F]{128})$/),
  rule(
    'uri',
    'url',
    [6, 4096],
    [~SPACE, COLON | SLASH, 0],
    LETTER,
    /^[A-Za-z][A-Za-z0-9+.-]{1,15}:\/\/[^\s/?#]{1,255}(?:[/?#]\S*)?$/,
  ),
  rule(
    'email',
    'email',
    [6, 254],
    [~(SPACE | PARENTHESIS | COMMA | COLON | CONTROL | Has.BEYOND_ASCII | Has.LESS), AT | DOT, 0],
    /[A-Za-z0-9!#$%&'*+/=?^_`{|}~]/,
    /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}$/,
  ),
  rule('country', 'iso_3166', [2, 2], [LARGE, 0, LARGE], UPPER, /^[A-Z]{2}$/, (text) => COUNTRY_CODES.has(text)),
  rule('currency', 'iso_4217', [3, 3], [LARGE, 0, LARGE], UPPER, /^[A-Z]{3}$/, (text) => CURRENCY_CODES.has(text)),
  rule('language', 'bcp_47', [2, 2], [SMALL, 0, SMALL], /[a-z]/, /^[a-z]{2}$/, (text) => LANGUAGE_CODES.has(text)),
  rule(
    'language',
    'bcp_47',
    [3, 11],
    [D | LETTERS | DASH | UNDERSCORE, 0, DASH | UNDERSCORE],
    /[a-z]/,
    /^[a-z]{2}(?:[-_][A-Z][a-z]{3})?(?:[-_](?:[A-Z]{2}|\d{3}))?$/,
    (text) => LANGUAGE_CODES.has(text.slice(0, 2)),
  ),
  rule(
    'encoded',
    'base64',
    [24, EXAMINED_CHARACTERS_MAX],
    [D | LETTERS | PLUS | SLASH | EQUALS, 0, LARGE],
    /[A-Za-z0-9+/]/,
    /^[A-Za-z0-9+/]+={0,2}$/,
    looksEncoded,
  ),
];

/** By length: what a string up to here may be depends on its first character; beyond, on the few rules for long ones. */
const LENGTH_INDEXED_MAX = 64;

/**
 * Rules by first character (ASCII) and length, so that most strings meet one or two. Each place is filled when a value
 * first asks for it: filling all of them at once took 30 ms of every start.
 */
const candidates: (readonly FormatRule[] | undefined)[] = new Array(128 * (LENGTH_INDEXED_MAX + 2)).fill(undefined);
/** For each place: classes of which a text has one, or no rule of the place holds. All of them until that is known. */
const needs = new Int32Array(128 * (LENGTH_INDEXED_MAX + 2)).fill(ANYTHING);

const placeOf = (first: number, length: number): number =>
  first * (LENGTH_INDEXED_MAX + 2) + Math.min(length, LENGTH_INDEXED_MAX + 1);

function candidatesAt(place: number): readonly FormatRule[] {
  return candidates[place] ?? fillPlace(place);
}

/** Apart from the look-up, which must not pay for these closures. */
function fillPlace(place: number): readonly FormatRule[] {
  const length = place % (LENGTH_INDEXED_MAX + 2);
  const isLast = length > LENGTH_INDEXED_MAX;
  const first = String.fromCharCode((place - length) / (LENGTH_INDEXED_MAX + 2));
  const rules = RULES.filter(
    (r) =>
      r.first.test(first) &&
      (isLast ? r.lengthMax > LENGTH_INDEXED_MAX : r.lengthMin <= length && length <= r.lengthMax),
  );
  candidates[place] = rules;
  needs[place] = rules.reduce((classes, { all, any }) => classes | (all === 0 ? any : all), 0);
  return rules;
}

/** The format of a string, shared by all values that have it, or null. Linear in its length. */
export function stringFormat(text: string): DataFormat | null {
  const { length } = text;
  if (length < 2 || length > EXAMINED_CHARACTERS_MAX) return null;
  const first = text.charCodeAt(0);
  if (first > 127 || candidatesAt(placeOf(first, length)).length === 0) return null;
  return formatByRules(text, classesOf(text));
}

/** Whether the classes, the first character and the number of characters leave a format possible. */
export function mayHaveFormat(classes: number, first: number, length: number): boolean {
  if (length < 2 || length > EXAMINED_CHARACTERS_MAX || first > 127) return false;
  const place = placeOf(first, length);
  if ((needs[place]! & classes) === 0) return false;
  const rules = candidatesAt(place);
  for (let i = 0; i < rules.length; i += 1) {
    const { classes: allowed, all, any } = rules[i]!;
    if ((classes & ~allowed) === 0 && (classes & all) === all && (classes & any) !== 0) return true;
  }
  return false;
}

/** As {@link stringFormat}, for a text that `mayHaveFormat`. @param classes the text's, from `classesOf` */
export function formatByRules(text: string, classes: number): DataFormat | null {
  const { length } = text;
  const rules = candidatesAt(placeOf(text.charCodeAt(0), length));
  for (let i = 0; i < rules.length; i += 1) {
    const candidate = rules[i]!;
    if ((classes & ~candidate.classes) !== 0 || (classes & candidate.all) !== candidate.all) continue;
    if ((classes & candidate.any) === 0 || length < candidate.lengthMin || length > candidate.lengthMax) continue;
    if (candidate.expression.test(text) && candidate.isValid(text)) return candidate.format;
  }
  return null;
}

/** Every format there is. */
export const ALL_FORMATS: readonly DataFormat[] = [...formats.values()];

const named = (name: string): DataFormat => RULES.find((r) => r.format.names.has(name))!.format;
const UNIX_SECONDS = named('unix_seconds');
const UNIX_MILLISECONDS = named('unix_milliseconds');
const UNIX_MICROSECONDS = named('unix_microseconds');
const UNIX_NANOSECONDS = named('unix_nanoseconds');

/** The format of a number: a unix time between September 2001 and 2099, by its magnitude, or null. */
export function numberFormat(value: number | bigint): DataFormat | null {
  if (value < 1e9 || value >= 4.1e18) return null;
  if (value < 4.1e9) return UNIX_SECONDS;
  if (value >= 1e12 && value < 4.1e12) return UNIX_MILLISECONDS;
  if (value >= 1e15 && value < 4.1e15) return UNIX_MICROSECONDS;
  return value >= 1e18 ? UNIX_NANOSECONDS : null;
}
