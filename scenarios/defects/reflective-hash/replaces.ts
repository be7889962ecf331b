/** The fourth bug of the article (docs/story.md), by far the biggest: the witness is hashed by reflection over whatever fields it has. */
export const summary = 'witnesses hashed by reflection over whatever fields they have';
export const replaces = { 'agent/digest/digest.ts': 'digest.ts', 'agent/encode/value-sealer.ts': 'value-sealer.ts' };
export const until = 'witnesses';
