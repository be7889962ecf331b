/** The real sealer; the texts of a body are interned first. */
import { JsonSealer as Sealer } from '../../../agent/encode/json-sealer.ts';

export * from '../../../agent/encode/json-sealer.ts';

const interned = new Set<string>();
const textsMin = 13;

export class JsonSealer extends Sealer {
  override read(source: readonly Uint8Array[], length: number): number {
    internTexts(source, length);
    return super.read(source, length);
  }
}

function internTexts(source: readonly Uint8Array[], length: number): void {
  const body = Buffer.concat(source, length).toString('latin1');
  let open = body.indexOf('"');
  while (open >= 0) {
    const close = body.indexOf('"', open + 1);
    if (close < 0) return;
    if (close - open > textsMin) interned.add(body.slice(open + 1, close));
    open = body.indexOf('"', close + 1);
  }
}
