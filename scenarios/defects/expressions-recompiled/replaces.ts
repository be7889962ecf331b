/** The article's second bug: the expressions that tell a value's format are compiled for every value. */
export const replaces = { 'agent/encode/format-bytes.ts': 'format-bytes.ts' };
export const agentArguments = ['--until', 'witnesses'];
