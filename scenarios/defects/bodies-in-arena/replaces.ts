/** Bodies lie in a memory of WebAssembly that is emptied when no body is in flight: on a busy link one always is. */
export const summary = 'bodies in an arena of WebAssembly memory that is emptied when nothing flows, which is never';
export const replaces = { 'agent/http/http-layer.ts': 'http-layer.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
