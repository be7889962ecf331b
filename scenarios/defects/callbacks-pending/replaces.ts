/** What is to happen once a request is answered is kept as a function, and nothing ever takes it off the list. */
export const summary = 'a function for each request that waits to be called';
export const replaces = { 'agent/http/pairing.ts': 'pairing.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
