/** Room is made for all that a gap may bring, as soon as something comes behind it. */
export const summary = 'room for the whole of a gap reserved when something comes behind it';
export const replaces = { 'agent/tcp/assembler.ts': 'assembler.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
