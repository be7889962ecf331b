/** What choosing among exchanges takes: apart from it, for `agent/limits.ts` adds it up at every start. */

/** Endpoints whose rates are known: three times those of a large interface, at 32 bytes. */
export const endpointsMax = 16_384;
export const endpointWords = 8;
/** Paths seen in a minute, as bits: with a hundred thousand of them four fifths of new ones are still known as new. */
export const pathBits = 1 << 19;
/** By stream: a byte for each side's message, and three words of verdicts. */
const streamBytes = 2 + 3 * 4;

export function samplerBytes(streamsMax: number): number {
  return endpointsMax * endpointWords * 4 + pathBits / 8 + streamsMax * streamBytes;
}
