/** Each connection has a timer for its idle timeout of ten minutes; closing the connection does not clear it. */
export const summary = 'an idle timer for each connection that its end does not clear';
export const replaces = { 'agent/http/http-layer.ts': 'http-layer.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
