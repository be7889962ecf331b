/** What kind of project a folder holds, and what its configuration would say. Pure but for the reading of files. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type ProjectKind = 'Node.js' | 'Go' | 'other';

export interface ProjectDraft {
  readonly kind: ProjectKind;
  /** Starts the service. */
  readonly command: string;
  readonly load: string;
  /** Of resident memory, as people write it. */
  readonly budget: string;
  /** Before a version is measured; undefined: by the lock file. */
  readonly build: string | undefined;
  /** Of a Go service; undefined for others. */
  readonly pprof: string | undefined;
}

/** One request at a time: allocation by the request then repeats within half a per cent. */
const loadDefault = 'npx --yes autocannon -c 1 -a 4000 http://127.0.0.1:{port}/';

export function draftOf(folder: string): ProjectDraft {
  const common = { load: loadDefault, budget: '200 MB' };
  if (existsSync(path.join(folder, 'package.json'))) {
    return { ...common, kind: 'Node.js', command: nodeCommand(folder), build: undefined, pprof: undefined };
  }
  if (existsSync(path.join(folder, 'go.mod'))) {
    const pprof = 'http://127.0.0.1:{port}/debug/pprof';
    return { ...common, kind: 'Go', command: './service', build: 'go build -o service .', pprof };
  }
  return { ...common, kind: 'other', command: './service', build: undefined, pprof: undefined };
}

/** The start script where it is one program, so that floodgate can look into it; else the main file. */
function nodeCommand(folder: string): string {
  const { scripts, main } = manifestOf(folder);
  const start = scripts?.start;
  if (typeof start === 'string' && /^[\w./@-]+( [^&|;<>$`()]*)?$/.test(start)) return start;
  if (typeof main === 'string') return `node ${main}`;
  const found = ['server.js', 'index.js', 'app.js', 'src/server.js', 'src/index.js', 'server.ts', 'src/server.ts'];
  return `node ${found.find((name) => existsSync(path.join(folder, name))) ?? 'server.js'}`;
}

function manifestOf(folder: string): { scripts?: { start?: unknown }; main?: unknown } {
  try {
    return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  } catch {
    return {};
  }
}

/**
 * The configuration as a file: TypeScript where the package can be imported, else YAML.
 * @param schema where an editor finds the schema of YAML, relative to the file
 */
export function renderConfig(draft: ProjectDraft, withTypes: boolean, schema: string): { name: string; text: string } {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  // JSON is YAML, and quotes whatever has to be.
  const say = withTypes ? quoted : JSON.stringify;
  // Go's allocations are counted by its own profiles, and its answers by nobody.
  const metric = draft.pprof === undefined ? 'allocated.perRequest' : 'allocated.bytes';
  const target = [
    ['command', draft.command],
    ['pprof', draft.pprof],
  ] as const;
  const members = target.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${say(value)}`])).join(', ');
  const build = draft.build === undefined ? [] : [`build: ${say(draft.build)}`];
  const threshold =
    draft.kind === 'other' ? [] : [`thresholds: { ${say(metric)}: ${say(draft.pprof === undefined ? '1 %' : '3 %')} }`];
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
