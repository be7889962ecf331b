/** Which digests were seen, with when: in a map that grows with every witness. */
export const summary = 'every digest kept with the times it was seen at';
export const replaces = { 'agent/digest/digest.ts': 'digest.ts' };
export const until = 'witnesses';
export const agentArguments = ['--memory-ceiling', '64GB'];
