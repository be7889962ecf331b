/** Not in the article (docs/story.md), and in a stage that its bugs leave alone: datagrams wait for their missing fragments for ever. */
export const summary = 'IP datagrams wait for missing fragments for ever';
export const replaces = { 'agent/wire/fragments.ts': 'fragments.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
