/**
 * What characters a text consists of, as a bit set (hot path: every string): one look at each character, and most formats
 * and secrets are out of the question.
 */
export const Has = {
  DIGIT: 1,
  /** a to f, A to F; then the rest of the alphabet. */
  HEX_LOWER: 2,
  HEX_UPPER: 4,
  LOWER: 8,
  UPPER: 16,
  DASH: 32,
  COLON: 64,
  DOT: 128,
  SLASH: 256,
  AT: 512,
  PLUS: 1024,
  EQUALS: 2048,
  UNDERSCORE: 4096,
  SPACE: 8192,
  PARENTHESIS: 16384,
  COMMA: 32768,
  PERCENT: 65536,
  /** Printable ASCII that is none of the others. */
  OTHER: 1 << 17,
  /** Below the space, and DEL. */
  CONTROL: 1 << 18,
  BEYOND_ASCII: 1 << 19,
  LESS: 1 << 20,
  DOLLAR: 1 << 21,
} as const;

const SINGLE: Readonly<Record<string, number>> = {
  '-': Has.DASH,
  ':': Has.COLON,
  '.': Has.DOT,
  '/': Has.SLASH,
  '@': Has.AT,
  '+': Has.PLUS,
  '=': Has.EQUALS,
  _: Has.UNDERSCORE,
  ' ': Has.SPACE,
  '(': Has.PARENTHESIS,
  ')': Has.PARENTHESIS,
  ',': Has.COMMA,
  '%': Has.PERCENT,
  '<': Has.LESS,
  $: Has.DOLLAR,
};

/** By byte of UTF-8, or by character code where that is below 128: its bit of `Has`. */
export const CLASS_OF = new Int32Array(256);
for (let code = 0; code < 256; code += 1) {
  const char = String.fromCharCode(code);
  CLASS_OF[code] =
    code > 127
      ? Has.BEYOND_ASCII
      : (SINGLE[char] ??
        (code < 0x20 || code === 0x7f
          ? Has.CONTROL
          : /\d/.test(char)
            ? Has.DIGIT
            : /[a-f]/.test(char)
              ? Has.HEX_LOWER
              : /[A-F]/.test(char)
                ? Has.HEX_UPPER
                : /[a-z]/.test(char)
                  ? Has.LOWER
                  : /[A-Z]/.test(char)
                    ? Has.UPPER
                    : Has.OTHER));
}

/** The classes of all characters of a text. */
export function classesOf(text: string): number {
  let classes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    classes |= code < 128 ? CLASS_OF[code]! : Has.BEYOND_ASCII;
  }
  return classes;
}
