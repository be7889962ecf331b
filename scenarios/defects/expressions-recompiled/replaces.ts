/** The second bug of the article (docs/story.md): the expressions that detect a value's format are compiled for every value. */
export const summary = 'the expressions that detect formats are compiled anew for every value';
/** Values are sealed from their bytes, or typed one by one where they are trees. */
export const replaces = { 'agent/encode/json-sealer.ts': 'json-sealer.ts', 'agent/witness/infer.ts': 'infer.ts' };
export const until = 'witnesses';
