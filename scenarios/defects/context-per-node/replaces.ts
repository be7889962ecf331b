/** The third bug of the article (docs/story.md): the visitor makes a context for every node, with a copy of the path to it. */
export const summary = 'a context and a copy of the whole path for every node of a value';
export const replaces = { 'agent/witness/visitor.ts': 'visitor.ts' };
export const until = 'witnesses';
/** Little enough that long bodies become trees, which are visited; more memory seals them in the kernel. */
export const agentArgumentsAlone = ['--memory', '40MB'];
