/** What kind of project a folder holds, and what its configuration would say. Pure but for the reading of files. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { guessGo } from './go-guess.ts';
import { guessNode } from './node-guess.ts';
import { guessService, type ServiceGuess } from './service-guess.ts';
import { toFillIn } from './to-fill-in.ts';

export interface ProjectDraft {
  /** For a person: `Node.js`, `Rust`, `other`. */
  readonly kind: string;
  /** Starts the service; undefined where the folder does not say what does. */
  readonly command: string | undefined;
  readonly load: string;
  /** Of resident memory, as people write it. */
  readonly budget: string;
  /** Before a version is measured; undefined: by the lock file. */
  readonly build: string | undefined;
  /** Before the first run in this folder; undefined where it is ready, or `build` does it. */
  readonly firstBuild: string | undefined;
  /** Of a Go service; undefined for others. */
  readonly pprof: string | undefined;
  /** What the folder lacks, or what it is to be watched for; empty where there is nothing to say. */
  readonly remark: string;
}

/** One request at a time: allocation by the request then repeats within half a per cent. */
const loadOf = (address: string) => `npx --yes autocannon -c 1 -a 4000 ${address}`;
const loadDefault = loadOf('http://127.0.0.1:{port}/');

/**
 * An address as the load that asks for it, on the port where the service listens; undefined for what is none.
 * @throws FloodgateError `option-invalid` for one of another machine, which no version would answer
 */
export function loadOfUrl(text: string): string | undefined {
  if (!/^https?:\/\/\S+$/i.test(text)) return undefined;
  const { hostname, protocol, pathname, search } = new URL(text.replaceAll('{port}', '1'));
  if (!['localhost', '127.0.0.1', '[::1]', '0.0.0.0'].includes(hostname)) {
    throw new FloodgateError(
      'option-invalid',
      `${hostname} is not where the service is started: its address is http://127.0.0.1:{port}/`,
      { hint: '' },
    );
  }
  const address = `${protocol}//127.0.0.1:{port}${pathname}${search}`;
  return loadOf(
    /^[\w:/.{}%~-]+$/.test(address) ? address : `"${address.replaceAll(/["$`\\]/g, (sign) => `\\${sign}`)}"`,
  );
}

const commandToFillIn = `${toFillIn}: what starts the service; {port} is where it is to listen`;

export function draftOf(folder: string): ProjectDraft {
  const { kind, command, build, firstBuild, pprof, budget = '200 MB', remark = '' } = guessOf(folder);
  return { kind, command, load: loadDefault, budget, build, firstBuild, pprof, remark };
}

function guessOf(folder: string): ServiceGuess {
  if (existsSync(path.join(folder, 'package.json'))) {
    return { kind: 'Node.js', ...guessNode(folder) };
  }
  if (existsSync(path.join(folder, 'go.mod'))) return guessGo(folder);
  return guessService(folder) ?? { kind: 'other', remark: 'nothing in the folder says what it is' };
}

/**
 * The configuration as a file: TypeScript where the package can be imported, else YAML.
 * @param schema where an editor finds the schema of YAML, relative to the file
 */
export function renderConfig(draft: ProjectDraft, withTypes: boolean, schema: string): { name: string; text: string } {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  // JSON is YAML, and quotes whatever has to be.
  const say = withTypes ? quoted : JSON.stringify;
  const [metric, share] = thresholdOf(draft);
  const target = [
    ['command', draft.command ?? commandToFillIn],
    ['pprof', draft.pprof],
  ] as const;
  const members = target.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${say(value)}`])).join(', ');
  const build = draft.build === undefined ? [] : [`build: ${say(draft.build)}`];
  const threshold = [`thresholds: { ${say(metric)}: ${say(share)} }`];
  if (withTypes) {
    const lines = [
      `targets: { service: { ${members} } }`,
      `scenarios: [{ name: 'first', target: 'service', load: ${say(draft.load)} }]`,
      `budgets: { 'rss.max': ${say(draft.budget)} }`,
      ...threshold,
      ...build,
    ];
    const text = `import { defineConfig } from 'floodgate';\n\nexport default defineConfig({\n${lines.map((line) => `  ${line},\n`).join('')}});\n`;
    return { name: 'floodgate.config.ts', text };
  }
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    `targets:\n  service: { ${members} }`,
    `scenarios:\n  - name: first\n    target: service\n    load: ${say(draft.load)}`,
    `budgets: { "rss.max": ${say(draft.budget)} }`,
    ...threshold,
    ...build,
  ];
  return { name: 'floodgate.config.yaml', text: `${lines.join('\n')}\n` };
}

/** Go's allocations are counted by its own profiles, and its answers by nobody; of other programs only memory is known. */
function thresholdOf({ kind, pprof }: ProjectDraft): [metric: string, share: string] {
  if (kind === 'Node.js') return ['allocated.perRequest', '1 %'];
  return pprof === undefined ? ['rss.max', '10 %'] : ['allocated.bytes', '3 %'];
}
