/** What waits of a half-connection is a list that is never changed: every late segment makes a new one. */
export const summary = 'the list of what waits copied for every segment that comes late';
export const replaces = { 'agent/tcp/assembler.ts': 'assembler.ts' };
