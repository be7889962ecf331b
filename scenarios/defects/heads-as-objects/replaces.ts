/** Each head becomes an object of names and lists of words, since objects are easier to read than offsets. */
export const summary = 'every head split into objects of names and words';
export const replaces = { 'agent/http/http-layer.ts': 'http-layer.ts' };
