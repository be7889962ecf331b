/** What a byte of a head may be part of: RFC 9110, 5.6.2 (token), 5.5 (field value, obs-text included). */
export const TOKEN = 1;
export const VALUE = 4;

export const CLASS = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  if ((c >= 32 && c !== 127) || c === 9) CLASS[c]! |= VALUE;
  if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(String.fromCharCode(c))) CLASS[c]! |= TOKEN;
}

/** Whether a byte is white space or ends a line. */
export function isBlank(c: number): boolean {
  return c === 32 || c === 9 || c === 13 || c === 10;
}
