/** What the finders of secrets share: classes of characters, and the place of what one of them found last. */

export const REDACTED = '*REDACTED*';

export const WORD = 1;
export const DIGIT = 2;
/** Reaches on in keys and tokens beyond a word. */
export const TOKEN = 4;
export const NAME = 8;
export const SPACE = 16;
export const MARK = 32;
/** Ends a segment of a path. */
export const STOP = 64;

/** What a character may be part of. */
const CLASS = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const char = String.fromCharCode(code);
  CLASS[code] =
    (/[\w-]/.test(char) ? WORD | TOKEN | NAME : 0) |
    (/\d/.test(char) ? DIGIT : 0) |
    (/[.+/=~$]/.test(char) ? TOKEN : 0) |
    (/[.$[\]%]/.test(char) ? NAME : 0) |
    (/\s/.test(char) ? SPACE : 0) |
    (/[:=<,/]/.test(char) ? MARK : 0) |
    (/[/?#&;,"'<> \t\r\n\\)}]/.test(char) ? STOP : 0);
}
/** What lies beyond ASCII is a letter in a name, and nothing else. */
export const classOf = (code: number): number => (code < 128 ? CLASS[code]! : NAME);
export const is = (code: number, mask: number): boolean => (classOf(code) & mask) !== 0;

export const QUOTE = 0x22;
export const APOSTROPHE = 0x27;
export const BACKSLASH = 0x5c;
export const COLON = 0x3a;
export const COMMA = 0x2c;
export const LESS = 0x3c;
export const DASH = 0x2d;
export const SLASH = 0x2f;
export const LINE_FEED = 0x0a;

export const NAME_CHARACTERS_MAX = 128;

/** What the finders note; one scan is at work at a time, and keeps what another one has begun (`secret-scanner.ts`). */
export const found = {
  /** Beginning, end, and 1 where JSON wants a value: its substitute needs quotes; three numbers for each find. */
  spans: null as number[] | null,
  /** Of the last find of this call; below 0: nothing was found. */
  start: -1,
  end: 0,
  /** How far finds reach that lie ahead of where the scan is: no finder looks there for an end once more. */
  covered: 0,
  /** Where the last text in Base64 ends that was looked at. */
  decoded: 0,
};

/** What was noted since the last call; null: nothing. */
export function takeSpans(): number[] | null {
  const { spans } = found;
  found.spans = null;
  return spans;
}

export function note(start: number, end: number, bare = false): void {
  if (end <= start) return;
  (found.spans ??= []).push(start, end, bare ? 1 : 0);
  found.start = start;
  found.end = Math.max(found.end, end);
}

/** A find behind which the scan goes on at once: more may be found before its end. */
export function noteWithin(start: number, end: number): void {
  if (end > start) (found.spans ??= []).push(start, end, 0);
}

/** A find ahead: what lies before it is still to be looked at. */
export function noteAhead(start: number, end: number): void {
  noteWithin(start, end);
  found.covered = Math.max(found.covered, end);
}

/** Where a key or token ends that goes on at `from`. */
export function endOfToken(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    if (is(text.charCodeAt(at), TOKEN)) continue;
    // Some writers of JSON escape the slash.
    if (text.charCodeAt(at) !== BACKSLASH || text.charCodeAt(at + 1) !== SLASH) break;
  }
  return at;
}
