/** What stands in place of a secret, for whoever needs no rule: those take long to load. */
export const redactedMark = '*REDACTED*';
