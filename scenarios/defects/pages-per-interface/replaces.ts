/** The sixth bug of the article (docs/story.md): every interface has a page limit of its own, as high as the busiest one needs. */
export const summary = 'page limits of 7.6 MB a connection and 285 MB an interface, shared with no other';
export const replaces = { 'agent/tcp/assembler.ts': 'assembler.ts' };
/** The article's agent had no ceiling. */
export const agentArguments = ['--memory-ceiling', '64GB'];
