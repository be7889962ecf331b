/** A table of streams that forgets nothing: room for eight times as many, and an hour for each, closed or half open. */
export const summary = 'streams kept for an hour, closed and half-open ones too';
export const replaces = { 'agent/limits.ts': 'limits.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
