/** Each stream has a task that waits for its end; the promise is looked up under another key, so it never settles. */
export const summary = 'a task for each stream, waiting for an end that never comes';
export const replaces = { 'agent/tcp/tcp.ts': 'tcp.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
