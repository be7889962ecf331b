/** The report itself, as `reports/report-reader.ts` reads it back. */
import type { Report } from './model.ts';

/** One line per top-level key, so that a person can find their way and a diff stays small. */
export function renderJson(report: Report): string {
  const lines = Object.entries(report).map(([key, value]) => `${JSON.stringify(key)}: ${safeJson(value)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/**
 * JSON that may stand in an HTML page and be shown in a terminal: without `<` no parser of HTML sees an end or a
 * comment in it, and line separators and bidirectional overrides are escapes too.
 */
export function safeJson(data: unknown): string {
  return JSON.stringify(data).replace(
    /[<\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
