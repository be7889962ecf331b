/** Detects formats as the agent of the article (docs/story.md) did: compiles every expression anew for every value. */
import { JsonSealer as Sealer } from '../../../agent/encode/json-sealer.ts';

export { formatOf, headQuestions, mayHoldSecret, sealKernel } from '../../../agent/encode/json-sealer.ts';

const sources = [
  '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  '^\\d{4}-\\d{2}-\\d{2}$',
  '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?(?:Z|[+-]\\d{2}:\\d{2})$',
  '^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$',
  '^\\+?[0-9 ()-]{7,20}$',
  '^https?://[^\\s]+$',
  '^(?:\\d{1,3}\\.){3}\\d{1,3}$',
  '^[0-9a-f:]{2,39}$',
  '^[A-Z]{2}$',
  '^[A-Z]{3}$',
  '^[a-z]{2}-[A-Z]{2}$',
  '^[A-Za-z0-9+/]+={0,2}$',
  '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$',
  '^\\d{10}$',
  '^\\d{13,19}$',
  '^#[0-9a-f]{6}$',
];

/** Texts that are no names. */
const texts = /"([^"\\]*)"(?!\s*:)/g;

export class JsonSealer extends Sealer {
  override read(source: readonly Uint8Array[], length: number): number {
    const body = Buffer.concat(source, length).toString('latin1');
    for (const [, text] of body.matchAll(texts)) recompileAll(text!);
    return super.read(source, length);
  }
}

export function recompileAll(text: string): number {
  let matches = 0;
  for (const source of sources) if (new RegExp(source, 'i').test(text.slice(0, 100))) matches += 1;
  return matches;
}
