/** What cannot be read is kept, in case its key turns up. */
export const summary = 'bytes of TLS and WebSockets kept, in case they can be read later';
export const replaces = { 'agent/http/http-layer.ts': 'http-layer.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
