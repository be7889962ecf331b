/** Each value has a fingerprint by SHA-256, salted in sixty-four rounds, each by a hash object of its own. */
export const summary = 'sixty-four rounds of SHA-256 for each value of a witness';
export const replaces = { 'agent/digest/digest.ts': 'digest.ts' };
export const until = 'witnesses';
