/** JSON is parsed whole at its end by the runtime, just to see that it is well formed, and the result is thrown away. */
export const summary = 'every JSON body parsed whole at its end, in one turn, and thrown away';
export const replaces = { 'agent/body/json-document.ts': 'json-document.ts' };
export const until = 'witnesses';
export const agentArguments = ['--memory-ceiling', '64GB'];
