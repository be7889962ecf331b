/** JSON of a bundle: what nests without end would end the stack of whoever looks at it later. */
import { jsonDepthMax } from './limits.ts';

/** @throws Error where it is no JSON, or nests too deeply */
export function parseBounded(text: string): unknown {
  checkDepth(text);
  return JSON.parse(text);
}

const quote = 0x22;
const backslash = 0x5c;

/** Brackets and braces outside of strings. @throws Error */
function checkDepth(text: string): void {
  let depth = 0;
  let isWithin = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isWithin) {
      if (code === backslash) i += 1;
      else if (code === quote) isWithin = false;
    } else if (code === quote) isWithin = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > jsonDepthMax) throw new Error(`it nests more than ${jsonDepthMax} levels`);
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
}
