/** The fifth bug of the article (docs/story.md): a compressed body is held whole once it is decoded, and the limit counts the compressed bytes. */
export const summary = 'decoded bodies held whole, only their compressed bytes limited';
export const replaces = { 'agent/body/content-decoder.ts': 'content-decoder.ts' };
export const until = 'bodies';
/** The article's agent had no ceiling. */
export const agentArguments = ['--memory-ceiling', '64GB'];
