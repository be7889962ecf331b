/** A record of every witness that passed redaction, for an audit; in memory, until somebody asks for it. */
export const summary = 'a record of every witness that passed redaction';
export const replaces = { 'agent/witness/obfuscation.ts': 'obfuscation.ts' };
export const until = 'witnesses';
export const agentArguments = ['--memory-ceiling', '64GB'];
