/** Bodies go to a thread that looks for fingerprints; it keeps what it was given, to compare it with what comes. */
export const summary = 'bodies sent to a worker thread, which keeps them as text';
export const replaces = { 'agent/http/http-layer.ts': 'http-layer.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
