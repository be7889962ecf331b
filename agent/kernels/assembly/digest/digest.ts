/** Hashes for what is laid out in a memory by JavaScript (`agent/digest/digest-memory.ts`). */
import { begin, finish, hash, stripes } from './xxh64.ts';

// `export … from` would look for `xxh64.ts.ts`.
export { begin, finish, hash, stripes };
