/** Format detection as the article's agent had it: all expressions made anew for every value they are tried on. */
import { formatAt as detect } from '../../../agent/encode/format-bytes.ts';
import { textAt } from '../../../agent/encode/seal-memory.ts';
import type { DataFormat } from '../../../agent/witness/ir.ts';

export * from '../../../agent/encode/format-bytes.ts';

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

export function formatAt(start: number, end: number, classes: number): DataFormat | null {
  recompileAll(textAt(start, end));
  return detect(start, end, classes);
}

function recompileAll(text: string): number {
  const expressions = sources.map((source) => new RegExp(source, 'i'));
  return expressions.filter((expression) => expression.test(text.slice(0, 100))).length;
}
