/** Witnesses are joined to one buffer, which is made anew for each: the square of their number in copies. */
export const summary = 'all witnesses so far copied for each new one';
export const replaces = { 'agent/sinks/witness-file.ts': 'witness-file.ts' };
export const until = 'witnesses';
export const agentArguments = ['--memory-ceiling', '64GB'];
