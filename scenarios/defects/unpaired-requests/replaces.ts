/** What pairing without an end does: whatever began is remembered for ever, in case its other half still comes. */
export const summary = 'requests remembered for ever in case a response still comes';
export const replaces = { 'agent/http/pairing.ts': 'pairing.ts' };
