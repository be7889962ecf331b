/** The article's first bug: reassembly without a page limit and without the acknowledgement rule, only a timeout. */
export const summary = 'no page limit, no acknowledgement rule, only a timeout of 10 s';
export const replaces = { 'agent/tcp/assembler.ts': 'assembler.ts' };
/** The article's agent had no ceiling either: ours would end at its own, long before the memory is what it was. */
export const agentArguments = ['--memory-ceiling', '64GB'];
