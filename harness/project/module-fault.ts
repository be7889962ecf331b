/** Why a module could not be loaded, and in which line of whose file: Node.js says that in its stack alone. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';

interface Spot {
  readonly file: string;
  readonly line: number;
}

/** @param thrown whatever the module threw @param shown as the module itself is named in messages */
export function moduleFault(thrown: unknown, file: string, shown: string): string {
  if (!(thrown instanceof Error)) return `it throws ${JSON.stringify(thrown) ?? String(thrown)}`;
  const spot = spotIn(thrown.stack ?? '', file) ?? (thrown instanceof SyntaxError ? unparsed(file) : undefined);
  if (spot === undefined) return thrown.message;
  const name = spot.file === file ? shown : path.relative('', spot.file);
  return `${name}:${spot.line}: ${thrown.message}`;
}

/** A stack begins with the place where it could not be read; otherwise its first call in a file of the project is where it threw. */
function spotIn(stack: string, file: string): Spot | undefined {
  const [first = '', ...calls] = stack.split('\n');
  const head = /^(file:.*|\/.*|[A-Z]:\\.*):(\d+)$/i.exec(first);
  const frames = calls.map((call) => /^ +at (?:.*\()?(file:.*|\/.*|[A-Z]:\\.*):(\d+):\d+\)?$/i.exec(call));
  const spots = [head, ...frames].flatMap((found) =>
    found
      ? [{ file: found[1]!.startsWith('file:') ? fileURLToPath(found[1]!) : found[1]!, line: Number(found[2]) }]
      : [],
  );
  return head ? spots[0] : (spots.find((spot) => spot.file === file) ?? spots.find(isOfProject));
}

const isOfProject = ({ file }: Spot): boolean => !file.split(path.sep).includes('node_modules');

/** What V8 says of the syntax of an ES module has no place. */
function unparsed(file: string): Spot | undefined {
  try {
    parse(readFileSync(file, 'utf8'), { sourceType: 'module', ecmaVersion: 'latest', allowHashBang: true });
    return undefined;
  } catch (error) {
    const line = (error as { loc?: { line: number } }).loc?.line;
    return line === undefined ? undefined : { file, line };
  }
}
