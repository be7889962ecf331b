/** An acknowledgement is taken at its word: what it covers and was not captured is given up at once. */
export const summary = 'bytes given up as soon as an acknowledgement covers them';
export const replaces = { 'agent/limits.ts': 'limits.ts' };
