/** What a long search has tried, on disk as it ends, a line each: one that was killed goes on where it was. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

export function keepLine(file: string, tried: object): void {
  appendFileSync(file, `${JSON.stringify(tried)}\n`, { mode: 0o600 });
}

/** Those of before; a half line at the end, of one that was killed, is closed and left out. */
export function keptLines(file: string): object[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  if (text !== '' && !text.endsWith('\n')) appendFileSync(file, '\n');
  return text.split('\n').flatMap((line) => {
    const value = parsed(line);
    return typeof value === 'object' && value !== null ? [value] : [];
  });
}

/** Undefined where it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
