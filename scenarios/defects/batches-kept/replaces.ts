/** Batches are kept as they were before compression, in case one has to be sent again; what was sent is not taken off. */
export const summary = 'every batch kept uncompressed after it was sent';
export const replaces = { 'agent/sinks/batch.ts': 'batch.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
