/** The article's fourth bug, by far the biggest: the witness is hashed by reflection over whatever fields it has. */
export const replaces = 'agent/digest/digest.ts';
export const by = 'digest.ts';
export const agentArguments = ['--until', 'witnesses'];
