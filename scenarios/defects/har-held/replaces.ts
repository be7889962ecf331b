/** Not in the article (docs/story.md), and in a stage that its bugs leave alone: bodies wait for the end of the file, which is one document. */
export const summary = 'bodies kept in memory until the HAR file is closed';
export const replaces = { 'agent/sinks/har-file.ts': 'har-file.ts' };
export const agentArguments = ['--har', '/dev/null', '--memory-ceiling', '64GB'];
