/** What is done to values before they leave: secrets redacted, all zeroed, all hashed by a key, nothing. */
export const OBFUSCATION_MODES = ['redact', 'zero', 'hash', 'off'] as const;
export type ObfuscationMode = (typeof OBFUSCATION_MODES)[number];
