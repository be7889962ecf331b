/** What starts a Node.js project: its start script where that is one program, else its main file, else a file of a usual name. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const names = ['server', 'app', 'index', 'main', 'src/server', 'src/app', 'src/index', 'src/main'];
const extensions = ['js', 'mjs', 'cjs', 'ts', 'mts'];

interface Manifest {
  readonly scripts?: { readonly start?: unknown; readonly build?: unknown };
  readonly main?: unknown;
}

interface NodeGuess {
  readonly command?: string;
  readonly firstBuild?: string;
  readonly remark?: string;
}

/** A command, or why there is none, and what has to be built before it. */
export function guessNode(folder: string): NodeGuess {
  const manifest = manifestOf(folder);
  if (manifest === undefined) return { remark: 'package.json cannot be read: it is no JSON' };
  const guess = commandOf(folder, manifest);
  const isBuilt = guess.command === undefined || isReady(folder, guess.command);
  return isBuilt || typeof manifest.scripts?.build !== 'string' ? guess : { ...guess, firstBuild: 'npm run build' };
}

/** Where builds usually leave what is started. */
const builtFolders = ['dist', 'build', 'lib', 'out', '.next', '.output'];

/** Whether what a command starts is there: a file that it names, or else anything built. */
function isReady(folder: string, command: string): boolean {
  const file = command
    .split(/\s+/)
    .find((word) => /^[^-=]+\.[cm]?[jt]sx?$/.test(word) || /^(?:\.\/)?(?:dist|build|lib|out)\b/.test(word));
  return file === undefined ? builtFolders.some((name) => existsSync(path.join(folder, name))) : isThere(folder, file);
}

function commandOf(folder: string, { scripts, main }: Manifest): NodeGuess {
  const started = typeof scripts?.start === 'string' ? programOf(scripts.start.trim()) : undefined;
  if (started !== undefined) return { command: started };
  // A build may be what makes it.
  if (typeof main === 'string' && (isThere(folder, main) || scripts?.build !== undefined))
    return { command: `node ${main}` };
  const files = names.flatMap((name) => extensions.map((extension) => `${name}.${extension}`));
  const found = files.find((name) => existsSync(path.join(folder, name)));
  if (found !== undefined) return { command: `node ${found}` };
  // So may a start script of several steps.
  if (typeof main === 'string' && typeof scripts?.start === 'string') return { command: `node ${main}` };
  const noMain = typeof main === 'string' ? `its main, ${main}, is not there` : 'no main';
  return { remark: `package.json has no start script that is one program, and ${noMain}, and there is no server.js` };
}

/** As Node.js finds a main file. */
function isThere(folder: string, main: string): boolean {
  const file = path.join(folder, main);
  const isFile = (each: string) => statSync(each, { throwIfNoEntry: false })?.isFile() === true;
  return [file, `${file}.js`, path.join(file, 'index.js')].some(isFile);
}

/** Of a script; undefined where it would take a shell. */
function programOf(script: string): string | undefined {
  const [, , variables = '', program = ''] =
    /^(cross-env\s+)?((?:[A-Za-z_]\w*=[\w.:/,@-]*\s+)*)([\s\S]*)$/.exec(script) ?? [];
  if (!/^[\w./@-]+( [^&|;<>$`()]*)?$/.test(program)) return undefined;
  const [first, ...rest] = program.split(/\s+/);
  const plain = first === 'nodemon' ? withoutNodemon(rest) : program;
  return plain && `${variables.replaceAll(/\s+/g, ' ')}${plain}`;
}

const nodeOptions = new Set(['-r', '--require', '--import', '-C', '--conditions']);
const nodemonOptions = new Set([
  '-w',
  '--watch',
  '-e',
  '--ext',
  '-i',
  '--ignore',
  '-d',
  '--delay',
  '--signal',
  '--config',
]);

/** What restarts a program at every change starts it as a child: the program is what is measured. Undefined where it runs something else. */
function withoutNodemon(words: readonly string[]): string | undefined {
  const kept: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === '-x' || word.startsWith('--exec')) return undefined;
    if (nodemonOptions.has(word)) at += 1;
    else if (nodeOptions.has(word)) kept.push(word, words[++at] ?? '');
    else if (!word.startsWith('-')) return ['node', ...kept, ...words.slice(at)].join(' ');
  }
  return undefined;
}

/** Undefined where it cannot be read; empty where it says nothing. */
function manifestOf(folder: string): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return undefined;
  }
}
