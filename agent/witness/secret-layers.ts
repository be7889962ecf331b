/**
 * Text within text: what backslashes (JSON, source code), percent signs (URLs, forms) and entities (XML, HTML) hide, one level at a
 * time, with the place of each character in the text around it. A secret that is found inside is cut out where it stands.
 */
export interface Layer {
  readonly text: string;
  /** By character, and one for the end: where it stands in the outermost text. Null: this is it. */
  readonly places: Int32Array | null;
}

const HIDDEN = /\\["'\\/nrtbfux]|%[0-9a-fA-F]{2}|&(?:#[xX]?[0-9a-fA-F]{1,6}|[a-z]{2,4});/;
const CONTROLS: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const ENCODED = new RegExp(HIDDEN.source, 'g');

/** The text with one level of hiding taken off; null where nothing is hidden. */
export function decodeLayer({ text, places: outer }: Layer): Layer | null {
  if (!HIDDEN.test(text)) return null;
  const places = new Int32Array(text.length + 1);
  const pieces: string[] = [];
  let length = 0;
  let copied = 0;
  const copy = (to: number) => {
    if (to > copied) pieces.push(text.slice(copied, to));
    for (let at = copied; at < to; at += 1, length += 1) places[length] = outer === null ? at : outer[at]!;
  };
  ENCODED.lastIndex = 0;
  for (let hidden = ENCODED.exec(text); hidden !== null; hidden = ENCODED.exec(text)) {
    const at = hidden.index;
    const { plain, end } = decodeAt(text, at);
    ENCODED.lastIndex = end;
    if (plain === null) continue;
    copy(at);
    copied = end;
    pieces.push(plain);
    for (let i = 0; i < plain.length; i += 1, length += 1) places[length] = outer === null ? at : outer[at]!;
  }
  copy(text.length);
  places[length] = outer === null ? text.length : outer[text.length]!;
  return { text: pieces.join(''), places: places.subarray(0, length + 1) };
}

/** What is hidden at a place, and where it ends; null: nothing. */
function decodeAt(text: string, at: number): { plain: string | null; end: number } {
  const first = text[at]!;
  if (first === '\\') return decodeEscape(text, at);
  if (first === '&') {
    const end = text.indexOf(';', at) + 1;
    const name = text.slice(at + 1, end - 1);
    if (!name.startsWith('#')) return { plain: ENTITIES[name] ?? null, end };
    const isHex = name[1] === 'x' || name[1] === 'X';
    return { plain: characterOf(Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10)), end };
  }
  let end = at + 3;
  if (text[at + 1]! < '8') return { plain: String.fromCharCode(Number.parseInt(text.slice(at + 1, end), 16)), end };
  // Bytes of UTF-8 belong together.
  while (end - at < 12 && /^%[89abAB][0-9a-fA-F]/.test(text.slice(end, end + 3))) end += 3;
  return { plain: Buffer.from(text.slice(at, end).replaceAll('%', ''), 'hex').toString('utf8'), end };
}

function decodeEscape(text: string, at: number): { plain: string | null; end: number } {
  const letter = text[at + 1]!;
  if (letter !== 'u' && letter !== 'x') return { plain: CONTROLS[letter] ?? letter, end: at + 2 };
  const digits = /^[0-9a-fA-F]+/.exec(text.slice(at + 2, at + (letter === 'u' ? 6 : 4)))?.[0] ?? '';
  if (digits.length !== (letter === 'u' ? 4 : 2)) return { plain: null, end: at + 2 };
  return { plain: String.fromCharCode(Number.parseInt(digits, 16)), end: at + 2 + digits.length };
}

const characterOf = (point: number): string | null =>
  point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : null;
