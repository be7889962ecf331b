/**
 * Holds the tree to the house rules of ARCHITECTURE.md: who may import whom, where time, randomness and I/O may
 * live, that no file is an orphan. The rules are data here; the walk below only reads source text.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import t from 'tap';

const root = path.resolve(import.meta.dirname, '..');
const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(root, file)));

const isTest = (file: string) =>
  /(\.(test|fuzz|bench|conformance)|-(trial|fixture))\.ts$/.test(file) || file.startsWith('test/');
const isGenerated = (file: string) => /\.generated\.ts$|\/gen\//.test(file);
const top = (file: string) => file.split('/')[0]!;

/** What each room may import of ours; a test may import anything. */
const mayImport: Record<string, (target: string) => boolean> = {
  agent: (target) => target.startsWith('agent/'),
  reports: (target) => target.startsWith('reports/'),
  harness: (target) =>
    target.startsWith('harness/') ||
    target.startsWith('reports/') ||
    target === 'agent/errors.ts' ||
    /^agent\/(pcap|wire|bounded)\//.test(target) ||
    // A contract: types only.
    target === 'agent/capture/frame-source.ts',
  scenarios: (target) =>
    target.startsWith('scenarios/') || target.startsWith('harness/') || target.startsWith('agent/'),
  bench: () => true,
  conformance: () => true,
  test: () => true,
};

/** Composition roots and the folders where input and output live. */
const roots = [
  /^agent\/(main|agent)\.ts$/,
  /^agent\/(capture|sinks|telemetry|governor|commands)\//,
  /^harness\/(cli|run)\.ts$/,
  /^harness\/(commands|feed|link|target|watch|preload|pass)\//,
  /^scenarios\//,
  /^reports\/html\//,
  /^(bench|conformance)\//,
];
const isRoot = (file: string) => roots.some((pattern) => pattern.test(file));

interface Source {
  readonly file: string;
  /** Source text without comments, so that prose is not taken for code. */
  readonly code: string;
  readonly imports: readonly string[];
}

const stripComments = (text: string) =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/[^\n]*/g, (_all, before: string) => before);

const importPatterns = [
  /^\s*(?:import|export)\s[^'"`;=]*?\bfrom\s+['"]([^'"\n]+)['"]/gm,
  /^\s*import\s+['"]([^'"\n]+)['"]/gm,
  /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g,
];

const sources: Source[] = tracked.map((file) => {
  const text = readFileSync(path.join(root, file), 'utf8');
  const code = stripComments(text);
  const imports = importPatterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]!));
  return { file, code, imports };
});

function ours(source: Source): string[] {
  return source.imports
    .filter((specifier) => specifier.startsWith('.') && !specifier.includes('${'))
    .map((specifier) => path.posix.normalize(path.posix.join(path.posix.dirname(source.file), specifier)));
}

t.test('imports run one way', async (t) => {
  for (const source of sources) {
    if (isTest(source.file)) continue;
    const rule = mayImport[top(source.file)];
    t.ok(rule, `${source.file} stands in a room of the house`);
    for (const target of ours(source)) {
      t.ok(rule?.(target), `${source.file} imports ${target}`);
      t.notOk(isTest(target), `${source.file} does not import the test file ${target}`);
    }
  }
});

t.test('every relative import exists', async (t) => {
  for (const source of sources) {
    for (const target of ours(source)) t.ok(existsSync(path.join(root, target)), `${source.file} → ${target}`);
  }
});

t.test('packages are declared', async (t) => {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const shipped = new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));
  const all = new Set([...shipped, ...Object.keys(manifest.devDependencies)]);
  for (const source of sources) {
    for (const specifier of source.imports) {
      if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
      t.notOk(builtinModules.includes(specifier), `${source.file} imports ${specifier} with its node: prefix`);
      const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]!;
      const unshipped = isTest(source.file) || ['bench', 'conformance', 'test', 'scenarios'].includes(top(source.file));
      t.ok((unshipped ? all : shipped).has(name), `${source.file} imports the declared package ${name}`);
    }
  }
});

t.test('time, timers and randomness are passed in', async (t) => {
  const ambient = /\b(Date\.now|new Date\(\)|performance\.now|process\.hrtime|Math\.random|setTimeout|setInterval)\b/;
  for (const source of sources) {
    if (isTest(source.file) || isGenerated(source.file) || isRoot(source.file)) continue;
    const line = source.code.split('\n').find((text) => ambient.test(text));
    t.equal(line, undefined, `${source.file} takes clock, timers and randomness as arguments`);
  }
});

t.test('no file without a reader', async (t) => {
  const imported = new Set(sources.flatMap(ours));
  // Loaded by name: entry files, scenarios and defects, preloads, browser code, workers.
  const byName = ['package.json', 'bin/generate.mjs', 'bin/bundle-pages.mjs'].map((file) =>
    readFileSync(path.join(root, file), 'utf8'),
  );
  const text = [...sources.map((source) => source.code), ...byName].join('\n');
  for (const { file } of sources) {
    if (isTest(file) || isGenerated(file) || ['bench', 'conformance', 'test'].includes(top(file))) continue;
    if (/^(agent\/main|harness\/cli)\.ts$|^scenarios\//.test(file)) continue;
    const stem = path.basename(file, '.ts');
    t.ok(
      imported.has(file) || text.includes(`/${stem}.`) || text.includes(`'${stem}.`) || text.includes(`/${stem}$`),
      `${file} is used`,
    );
  }
});

t.test('names and marks', async (t) => {
  for (const { file, code } of sources) {
    if (isGenerated(file)) continue;
    t.match(path.basename(file), /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$/, `${file} is named in kebab case`);
    t.notMatch(path.basename(file), /^(utils?|helpers?|manager|common|misc)\b/, `${file} says what it is for`);
    if (file === 'test/house.test.ts') continue;
    t.notMatch(code, /@ts-(ignore|nocheck)/, `${file} silences no type error`);
  }
});
