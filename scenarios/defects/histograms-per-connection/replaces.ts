/** Latencies are counted by connection, in a histogram each, and connections that closed keep theirs. */
export const summary = 'a histogram for each connection, kept after it closed';
export const replaces = { 'agent/http/http-layer.ts': 'http-layer.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
