/** Each connection listens for the level of memory pressure; when it closes it listens still. */
export const summary = 'a listener for each connection, left behind when it closes';
export const replaces = { 'agent/http/http-layer.ts': 'http-layer.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
