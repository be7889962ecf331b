/** Metrics that were typed into one option with commas between them. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import { findMetric } from './table.ts';

/**
 * For a text whose name is no metric; a pattern of call sites may hold a comma, and is one.
 * @param text as it was typed: `rss.p99=200MB,requests.failed=0`, `rss.max,heap.afterGc`
 * @param option as it is named in the message
 * @throws FloodgateError `option-invalid` where each of its parts names a metric
 */
export function refuseSeveral(text: string, option: string): void {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length < 2 || !parts.every((part) => findMetric(part.split('=')[0]!))) return;
  throw new FloodgateError('option-invalid', `${option}: "${text}" names ${parts.length} metrics at once`, {
    hint: `The option is given once for each: ${parts.map((part) => `${option} ${part}`).join(' ')}.`,
  });
}
