/** A line for a debug log that is switched off: it is made all the same, with the fragment in hexadecimal. */
export const summary = 'a hexadecimal dump of every fragment, for a log that nobody writes';
export const replaces = { 'agent/wire/fragments.ts': 'fragments.ts' };
