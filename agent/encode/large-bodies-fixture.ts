/** Long JSON bodies that the sealer takes, made of short ones that it takes. */
import { createRandom } from '../seeded-random.ts';
import { bothWays, makeBody } from './json-sealer.fuzz.ts';

const PARTS = 64;
const parts: string[] = [];

/** A list of objects, some short, from a seed: at most `bytes` long, and nearly that. */
export function makeLargeBody(seed: number, bytes: number): Buffer {
  for (let i = 0; parts.length < PARTS; i += 1) {
    const body = makeBody(i);
    if (body.length > 200 && body.length < 2000 && bothWays(body).sealed) parts.push(body.toString());
  }
  const next = createRandom(seed, 'large').fraction;
  const chosen: string[] = [];
  let length = 2;
  for (;;) {
    const part = parts[Math.floor(next() * PARTS)]!;
    length += Buffer.byteLength(part) + 1;
    if (length > bytes - 3) break;
    chosen.push(part);
  }
  const body = `[${[...chosen, '1'].join()}]`;
  // The rest is white space, so that every length can be asked for.
  return Buffer.from(body.padEnd(body.length + bytes - Buffer.byteLength(body), ' '));
}
