/** Names that come again are kept, and so are those that never do. */
export const summary = 'names of header fields and members cached without a limit';
export const replaces = { 'agent/bounded/string-cache.ts': 'string-cache.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
