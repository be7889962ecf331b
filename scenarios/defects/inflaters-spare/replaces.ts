/** Whenever a decompressor is given back, a spare one is made ready for a hurry that never comes. */
export const summary = 'a spare decompressor made ready at each body, and never used';
export const replaces = { 'agent/coding/native-inflater.ts': 'native-inflater.ts' };
export const until = 'bodies';
export const agentArguments = ['--memory-ceiling', '64GB'];
