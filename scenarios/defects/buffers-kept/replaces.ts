/** A connection's buffers outlive it. */
export const summary = 'the read buffers of a connection kept after it has closed';
export const replaces = { 'agent/http/http-layer.ts': 'http-layer.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
