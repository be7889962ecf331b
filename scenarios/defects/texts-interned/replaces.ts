/** Texts are kept once each to save memory; each is a slice that keeps the whole body alive that it was found in. */
export const summary = 'texts interned as slices, each of which keeps its body alive';
export const replaces = { 'agent/encode/json-sealer.ts': 'json-sealer.ts' };
export const until = 'witnesses';
export const agentArguments = ['--memory-ceiling', '64GB'];
