/** Texts are split into words in lower case before they are searched for secrets. */
export const summary = 'every text split into words in lower case before it is searched';
export const replaces = { 'agent/witness/secret-scanner.ts': 'secret-scanner.ts' };
export const until = 'witnesses';
