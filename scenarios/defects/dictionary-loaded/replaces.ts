/** A dictionary for types is loaded as a whole when the first five hundred texts were seen, and stays. */
export const summary = 'a dictionary of 200 thousand entries, loaded at once in the middle of the traffic';
export const replaces = { 'agent/encode/value-sealer.ts': 'value-sealer.ts' };
export const until = 'witnesses';
export const agentArguments = ['--memory-ceiling', '64GB'];
