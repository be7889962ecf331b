/** Codings by the names that heads have for them (RFC 9110, section 8.4.1). */
import type { Coding } from './recoding.ts';

const known: Readonly<Record<string, Coding>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
  zstd: 'zstd',
};
/** As the agent has it. */
const codingsMax = 3;

/** First applied first. What is not known here is no coding: its body is replaced as bytes of no kind, or as the text that it is. */
export function codingsNamed(content: string, transfer: string): Coding[] {
  const names = `${content},${transfer}`.split(',').map((name) => name.split(';', 1)[0]!.trim().toLowerCase());
  const codings = names.flatMap((name) => (Object.hasOwn(known, name) ? [known[name]!] : []));
  return codings.length > codingsMax ? [] : codings;
}
