/** The article's first bug: reassembly without a page limit and without the acknowledgement rule, only a timeout. */
export const replaces = 'agent/tcp/assembler.ts';
export const by = 'assembler.ts';
