/** What was scrubbed, and what could not be: everything that is not as it was, by its reason. */
export interface ScrubCounts {
  connections: number;
  messages: number;
  bodies: number;
  /** Coded bodies that were undone and done again to their old length. */
  bodiesRecoded: number;
  /** … of which in fewer letters than the others: equal things in them are not equal to those elsewhere. */
  bodiesCoarse: number;
  /** Payload of no message: TLS, other protocols, what lies behind gaps. */
  bytesBlanked: number;
  tlsSides: number;
  http2Sides: number;
  websocketSides: number;
  /** Sides that carry no HTTP/1. */
  otherSides: number;
  /** Bodies blanked, by reason. */
  readonly bodiesBlanked: Map<string, number>;
  /** Frames left out, by reason. */
  readonly framesLeftOut: Map<string, number>;
  /** Frames kept of which something is not as in the original, by reason. */
  readonly framesChanged: Map<string, number>;
}

export function emptyCounts(): ScrubCounts {
  return {
    ...{ connections: 0, messages: 0, bodies: 0, bodiesRecoded: 0, bodiesCoarse: 0, bytesBlanked: 0 },
    ...{ tlsSides: 0, http2Sides: 0, websocketSides: 0, otherSides: 0 },
    bodiesBlanked: new Map(),
    framesLeftOut: new Map(),
    framesChanged: new Map(),
  };
}

export function countOne(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}
