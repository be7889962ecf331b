/** Examples of what each place holds are kept to find its type: all of them, though ten would do. */
export const summary = 'every value kept as an example of its type';
export const replaces = { 'agent/encode/value-sealer.ts': 'value-sealer.ts' };
export const until = 'witnesses';
export const agentArguments = ['--memory-ceiling', '64GB'];
