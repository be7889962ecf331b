/** A table of talkers for a page of statistics: every address and port that was ever seen has a row, and rows never go. */
export const summary = 'every source address and port kept with its rates, for ever';
export const replaces = { 'agent/tcp/tcp.ts': 'tcp.ts', 'agent/wire/decode.ts': 'decode.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
