/** A YAML or JSON file as a value, with the line of every place in it. */
import { readFileSync, statSync } from 'node:fs';
import { type Comment, parseExpressionAt } from 'acorn';
import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { FloodgateError } from '../../agent/errors.ts';
import type { LineOf } from './schema-faults.ts';

/** A configuration of a thousand scenarios is a few hundred KB. */
const bytesMax = 1 << 20;
const aliasesMax = 100;

export interface YamlFile {
  readonly value: unknown;
  readonly lineOf: LineOf;
}

/** @param shown as it is named in messages @throws FloodgateError `config-invalid` with the line of what cannot be read */
export function readYaml(file: string, shown: string): YamlFile {
  const unreadable = (why: string, cause?: unknown) =>
    new FloodgateError('config-invalid', `${shown} cannot be read: ${why}`, {
      hint: 'It is YAML (or JSON) with the names of docs/project.md.',
      cause,
    });
  let text: string;
  try {
    if (statSync(file).size > bytesMax) throw unreadable('larger than 1 MiB');
    text = readFileSync(file, 'utf8');
    if (file.endsWith('.json')) text = withoutComments(text);
  } catch (cause) {
    throw cause instanceof FloodgateError ? cause : unreadable((cause as Error).message, cause);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) throw unreadable(`${shown}:${lines.linePos(error.pos[0]).line}: ${error.message}`, error);
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) throw unreadable('it says nothing');
  try {
    return {
      value: document.toJS({ maxAliasCount: aliasesMax }),
      lineOf: (place) => {
        const at = offsetOf(document.contents, place);
        return at === undefined ? undefined : lines.linePos(at).line;
      },
    };
  } catch (cause) {
    throw unreadable((cause as Error).message, cause);
  }
}

/** JSON as editors write it: YAML has other comments than `//`. Every place stays where it is. */
function withoutComments(text: string): string {
  const comments: Comment[] = [];
  try {
    parseExpressionAt(text, 0, { ecmaVersion: 'latest', onComment: comments });
  } catch {
    // What it cannot read, the parser of YAML names by its line.
  }
  return comments.reduce(
    (left, { start, end }) =>
      left.slice(0, start) + left.slice(start, end).replaceAll(/[^\r\n]/g, ' ') + left.slice(end),
    text,
  );
}

/** Of the key that a place ends with, or of the nearest thing around it that is there. */
function offsetOf(root: unknown, place: readonly (string | number)[]): number | undefined {
  let node = root;
  let offset = isNode(node) ? node.range?.[0] : undefined;
  for (const key of place) {
    if (isMap(node)) {
      const pair = node.items.find((each) => isScalar(each.key) && String(each.key.value) === String(key));
      if (!pair) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (!isNode(node)) return offset;
      offset = node.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}
