/** The article's second bug: the expressions that tell a value's format are compiled for every value. */
export const summary = 'the expressions that tell formats compiled anew for every value';
export const replaces = { 'agent/encode/json-sealer.ts': 'json-sealer.ts' };
export const agentArguments = ['--until', 'witnesses'];
