/** Whether a file of a bundle still holds what looks like a secret, and where. Never says what it is. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Redactor } from '../redaction/redactor.ts';
import { readDigestLines } from './digest-lines.ts';
import { sourceListName } from './source-list.ts';
import { workingListName } from './working-list.ts';

/** @returns the place, or undefined where there is none */
export function findSecret(name: string, content: Buffer, redactor: Redactor): string | undefined {
  const text = content.toString('utf8');
  if (name === sourceListName || name === workingListName) return pathIn(text, redactor);
  if (name.endsWith('.json')) return placeIn(JSON.parse(text), redactor, name);
  const line = text.split('\n').findIndex((each) => redactor.certain(each) !== each);
  return line < 0 ? undefined : `line ${line + 1}`;
}

/** The deepest member that the redactor changes. */
function placeIn(value: unknown, redactor: Redactor, place: string): string | undefined {
  if (isDeepStrictEqual(redactor.value(value), value)) return undefined;
  if (value === null || typeof value !== 'object') return place;
  for (const [key, each] of Object.entries(value)) {
    const found = placeIn(each, redactor, `${place} › ${redactor.text(key)}`);
    if (found !== undefined) return found;
  }
  return place;
}

/** Of the first file whose name holds one, without it. */
function pathIn(list: string, redactor: Redactor): string | undefined {
  const paths = readDigestLines(list)?.map((file) => file.name) ?? list.split('\n');
  const found = paths.find((each) => redactor.path(each) !== each);
  return found === undefined ? undefined : redactor.path(found);
}
