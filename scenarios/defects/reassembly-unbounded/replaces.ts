/** The first bug of the article (docs/story.md): reassembly without a page limit and without the acknowledgement rule, only a timeout. */
export const summary = 'no page limit, no acknowledgement rule, only a timeout of 10 s';
export const replaces = { 'agent/tcp/assembler.ts': 'assembler.ts' };
/** The article's agent had no ceiling either: ours would end at its ceiling, long before it reaches the same memory. */
export const agentArguments = ['--memory-ceiling', '64GB'];
