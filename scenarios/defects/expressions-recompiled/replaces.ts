/** The article's second bug: the expressions that tell a value's format are compiled for every value. */
export const replaces = 'agent/witness/formats.ts';
export const by = 'formats.ts';
export const agentArguments = ['--until', 'witnesses'];
