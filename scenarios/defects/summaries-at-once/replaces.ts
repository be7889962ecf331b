/** A summary is made from scratch every thousand messages, in one turn: a hundred thousand objects, sorted and dropped. */
export const summary = 'a summary of a hundred thousand objects, made at once every thousand messages';
export const replaces = { 'agent/http/http-layer.ts': 'http-layer.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
