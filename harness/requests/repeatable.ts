/** Which requests may be sent a second time where nobody knows whether the first was read. Pure. */
import type { SentRequest } from './answer-comparison.ts';

/** Methods whose effect is the same however often they come (RFC 9110, 9.2.2). */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export function isIdempotent({ startLine }: Pick<SentRequest, 'startLine'>): boolean {
  return idempotent.has(startLine().split(' ', 1)[0]!);
}
