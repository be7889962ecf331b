/** Each coded body gets an output window of a megabyte, whatever its length, which is dropped at its end. */
export const summary = 'a window of a megabyte for each coded body';
export const replaces = { 'agent/body/content-decoder.ts': 'content-decoder.ts' };
export const until = 'bodies';
