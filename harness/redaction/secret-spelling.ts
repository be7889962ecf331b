/**
 * A value as programs spell it, character by character: escaped once or many times for JSON, a shell, HTML or a URL, or byte by byte as
 * dumps have it. Pure.
 */

/** Of a longer value, a key file say, each character has more forms than a pattern should hold; its plain forms are looked for all the same. */
export const spelledCharactersMax = 512;

/** Names of HTML for the characters of ASCII. */
const namedEntities: Readonly<Record<string, string>> = {
  ...{
    '&': 'amp|AMP',
    '<': 'lt|LT',
    '>': 'gt|GT',
    '"': 'quot|QUOT',
    "'": 'apos',
    '!': 'excl',
    '#': 'num',
    $: 'dollar',
  },
  ...{
    '%': 'percnt',
    '(': 'lpar',
    ')': 'rpar',
    '*': 'ast|midast',
    '+': 'plus',
    ',': 'comma',
    '.': 'period',
    '/': 'sol',
  },
  ...{ ':': 'colon', ';': 'semi', '=': 'equals', '?': 'quest', '@': 'commat', '[': 'lsqb|lbrack', ']': 'rsqb|rbrack' },
  ...{ '\\': 'bsol', '^': 'Hat', _: 'lowbar|UnderBar', '`': 'grave|DiacriticalGrave', '{': 'lcub|lbrace' },
  ...{ '}': 'rcub|rbrace', '|': 'verbar|vert|VerticalLine', '\t': 'Tab', '\n': 'NewLine' },
};
const letterEscapes: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't' };
/** As a shell has it within quotes. */
const quotedApostrophes = [String.raw`'\\{1,8}''`, `'"'"'`];

/** Between two bytes of a dump: `70 6c`, `70:6c`, `0x70, 0x6c`, `\x70\x6c`, and where a line ends. */
const betweenHex = String.raw`(?:[\s:,._-]|0x|\\{1,8}[xnr]){0,8}`;
const betweenDecimal = String.raw`(?:[\s,;]|\\{1,8}[nr]){1,8}`;

const terminalCode = String.raw`(?:\u001b|\\{1,8}(?:u00|x)1[bB]|\\{1,8}(?:e|0?33))\[`;
/** What colours a terminal may stand between any two characters, itself escaped or not. */
const colours = String.raw`(?:${terminalCode}[\d;]{0,16}[A-Za-z]){0,4}`;
const colourBegin = new RegExp(terminalCode);

/** Whether a text has codes for a terminal: only then is it worth to look for values that they cut. */
export const isColoured = (text: string): boolean => colourBegin.test(text);

/** The source of a pattern, without groups that capture, for the flag `v` or none. */
export function spellingsOf(value: string, cutBy: 'nothing' | 'colours' = 'nothing'): string {
  const bytes = [...Buffer.from(value)];
  const spelled = Array.from(value, (character) => `(?:${formsOf(character).join('|')})`).join(
    cutBy === 'colours' ? colours : '',
  );
  const hex = bytes.map((byte) => anyCase(twoDigits(byte))).join(betweenHex);
  const decimal = String.raw`(?<!\d)${bytes.map((byte) => `0{0,2}${byte}`).join(betweenDecimal)}(?!\d)`;
  return [spelled, hex, decimal].join('|');
}

/** The source of a pattern for a text that has no character to escape, broken into lines anywhere. */
export const wrapped = (text: string): string =>
  Array.from(text, (character) => RegExp.escape(character)).join(String.raw`(?:\s|\\{1,8}[nr]){0,4}`);

function formsOf(character: string): string[] {
  const point = character.codePointAt(0)!;
  const bytes = [...Buffer.from(character.toWellFormed())];
  const percent = bytes.map((byte) => `%(?:25){0,8}${anyCase(twoDigits(byte))}`);
  const octal = bytes.map(threeOctal);
  const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
  const unicode = units.map((unit) => String.raw`\\{1,8}u${anyCase(unit.toString(16).padStart(4, '0'))}`);
  const entities = [`#0{0,6}${point}`, `#[xX]0{0,6}${anyCase(point.toString(16))}`];
  const name = namedEntities[character];
  const letter = letterEscapes[character];
  const plain = RegExp.escape(character);
  const entity = `&(?:amp;){0,8}(?:${name === undefined ? '' : `${name}|`}${entities.join('|')});`;
  return [
    plain,
    percent.join(''),
    entity,
    // Whoever quotes what is quoted escapes the escapes. Each form begins with another character: a text without any is soon read.
    String.raw`\\{1,16}(?:${plain}|${entity})`,
    unicode.join(''),
    octal.map((digits) => String.raw`\\{1,8}0?${digits}`).join(''),
    ...(letter === undefined ? [] : [String.raw`\\{1,16}${letter}`]),
    ...(point < 256 ? [String.raw`\\{1,8}x${anyCase(twoDigits(point))}`] : []),
    ...(character === ' ' ? [String.raw`\+`] : []),
    ...(character === "'" ? quotedApostrophes : []),
  ];
}

const threeOctal = (byte: number): string => byte.toString(8).padStart(3, '0');
const twoDigits = (byte: number): string => byte.toString(16).padStart(2, '0');

const anyCase = (digits: string): string => digits.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
