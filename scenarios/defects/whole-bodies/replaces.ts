/** The article's fifth bug: every decoded body is held whole before anyone looks at it. */
export const replaces = 'agent/body/body-reader.ts';
export const by = 'body-reader.ts';
export const agentArguments = ['--until', 'witnesses'];
