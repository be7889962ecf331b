/** The fifth bug of the article (docs/story.md): a body is held whole once it is decoded, and the limit counts the compressed bytes. */
export const summary = 'bodies held whole once decoded, only their compressed bytes limited';
export const replaces = {
  'agent/body/content-decoder.ts': 'content-decoder.ts',
  'agent/body/body-reader.ts': 'body-reader.ts',
};
export const until = 'bodies';
/** The article's agent had no ceiling. */
export const agentArguments = ['--memory-ceiling', '64GB'];
