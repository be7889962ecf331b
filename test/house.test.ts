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
    agentForHarness.some((part) => isIn(target, part)),
  scenarios: (target) => ['scenarios/', 'harness/', 'agent/'].some((room) => target.startsWith(room)),
  bench: () => true,
  conformance: () => true,
  test: () => true,
};

/** Of the agent, what is pure, and contracts. */
const agentForHarness = [
  'agent/pcap/',
  'agent/wire/',
  'agent/bounded/',
  'agent/errors.ts',
  'agent/help-layout.ts',
  'agent/nearest-name.ts',
  'agent/seeded-random.ts',
  'agent/capture/frame-source.ts',
  // The interval that an estimate is judged by.
  'agent/overload/estimate.ts',
  // Bytes in, requests and responses out: recorded requests are read as the agent reads them, and answers to them too.
  'agent/tcp/',
  'agent/http/',
  'agent/limits.ts',
  // No secret in a bundle: the agent's own redactor, pure.
  'agent/witness/secret-scanner.ts',
  'agent/witness/secret-names.ts',
  // libpcap, as a compiler of filter expressions: it opens no device.
  'agent/capture/sys/bpf.ts',
  // What has the shape of a secret: text in, text out.
  'agent/witness/secret-scanner.ts',
  // The recorder stands on the agent's own ring.
  'agent/capture/open.ts',
  'agent/capture/live-source.ts',
  'agent/capture/sys/file-lock.ts',
];

/** Composition roots and the folders where input and output live: clock, timers and randomness are taken here. */
const roots = [
  'agent/main.ts',
  'agent/agent.ts',
  'agent/capture/',
  'agent/sinks/',
  'agent/telemetry/',
  'agent/commands/',
  'harness/cli.ts',
  'harness/run.ts',
  'harness/commands/',
  'harness/feed/',
  'harness/link/',
  'harness/target/',
  'harness/watch/',
  'harness/preload/',
  'harness/pass/',
  'harness/history/postgres-pool.ts',
  'harness/queue/',
  'harness/record/',
  'harness/requests/requests-feed.ts',
  'harness/requests/sender-thread.ts',
  'scenarios/',
  'reports/html/',
  'bench/',
  'conformance/',
];
const isIn = (file: string, place: string) => (place.endsWith('/') ? file.startsWith(place) : file === place);
const isRoot = (file: string) => roots.some((place) => isIn(file, place));

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

/**
 * Sets of files that import each other in a circle, by Tarjan (1972): sorted within and among themselves.
 * @param imports by file; what is imported and is no key imports nothing
 */
function importCycles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (file: string) => {
    order.set(file, order.size);
    low.set(file, order.get(file)!);
    open.push(file);
    for (const target of imports.get(file) ?? []) {
      if (!order.has(target)) visit(target);
      if (open.includes(target)) low.set(file, Math.min(low.get(file)!, low.get(target)!));
    }
    if (low.get(file) !== order.get(file)) return;
    const circle = open.splice(open.indexOf(file)).sort();
    if (circle.length > 1 || imports.get(file)?.includes(file)) found.push(circle);
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return found.sort((a, b) => a[0]!.localeCompare(b[0]!));
}

t.test('the rules name places that exist', async (t) => {
  for (const place of [...roots, ...agentForHarness, ...Object.keys(mayImport)]) {
    t.ok(existsSync(path.join(root, place)), place);
  }
});

t.test('every file stands in a room of the house', async (t) => {
  for (const { file } of sources) t.ok(mayImport[top(file)], file);
});

t.test('the harness has no loose file but its two', async (t) => {
  const loose = sources.map(({ file }) => file).filter((file) => /^harness\/[^/]+$/.test(file));
  t.same(loose.sort(), ['harness/cli.ts', 'harness/run.ts']);
});

t.test('imports run one way', async (t) => {
  for (const source of sources) {
    if (isTest(source.file)) continue;
    for (const target of ours(source)) t.ok(mayImport[top(source.file)]?.(target), `${source.file} imports ${target}`);
  }
});

t.test('rooms of the harness import one way, types included', async (t) => {
  const room = (file: string) => /^harness\/[^/]+/.exec(file)?.[0];
  const rooms = new Map<string, string[]>();
  for (const source of sources) {
    const from = room(source.file);
    if (from === undefined || isTest(source.file)) continue;
    const targets = ours(source).flatMap((target) => room(target) ?? []);
    rooms.set(from, [...(rooms.get(from) ?? []), ...targets.filter((target) => target !== from)]);
  }
  t.ok(rooms.size > 10);
  t.same(importCycles(rooms), []);
});

t.test('only tests import tests', async (t) => {
  for (const source of sources) {
    if (isTest(source.file)) continue;
    for (const target of ours(source)) t.notOk(isTest(target), `${source.file} does not import ${target}`);
  }
});

t.test('no file imports itself, through whatever others, types included', async (t) => {
  t.same(importCycles(new Map(sources.map((source) => [source.file, ours(source)]))), []);
  const known = importCycles(
    new Map([
      ['a', ['b', 'd']],
      ['b', ['c']],
      ['c', ['b', 'a']],
      ['d', ['e']],
      ['e', []],
      ['f', ['f']],
    ]),
  );
  t.same(known, [['a', 'b', 'c'], ['f']], 'the search finds those there are');
});

t.test('every relative import exists', async (t) => {
  for (const source of sources) {
    for (const target of ours(source)) t.ok(existsSync(path.join(root, target)), `${source.file} → ${target}`);
  }
});

t.test('packages are declared', async (t) => {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const shipped = new Set(
    Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies }),
  );
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

/** What reads our files beside them. */
const builders = ['package.json', 'bin/generate.mjs', 'bin/build-kernels.mjs', 'bin/bundle-pages.mjs'].map((file) =>
  readFileSync(path.join(root, file), 'utf8'),
);

t.test('no file without a reader', async (t) => {
  const imported = new Set(sources.flatMap(ours));
  // Loaded by name: entry files, scenarios and defects, preloads, browser code, workers.
  const text = [...sources.map((source) => source.code), ...builders].join('\n');
  for (const { file } of sources) {
    if (isTest(file) || isGenerated(file) || ['bench', 'conformance', 'test'].includes(top(file))) continue;
    if (/^(agent\/main|harness\/cli|harness\/api\/api)\.ts$|^scenarios\//.test(file)) continue;
    const stem = path.basename(file, '.ts');
    t.ok(
      imported.has(file) || text.includes(`/${stem}.`) || text.includes(`'${stem}.`) || text.includes(`/${stem}$`),
      `${file} is used`,
    );
  }
});

t.test('nothing in the harness and the reports is there for tests alone', async (t) => {
  // What a file exports and names nowhere else itself, another file that is no test names. Types say what a value is.
  const declared = /^export (?:async )?(?:function\*?|const|class) (\w+)/gm;
  const words = (code: string) => new Set(code.match(/\w+/g));
  const readers = sources.filter(({ file }) => !isTest(file) && !['bench', 'conformance'].includes(top(file)));
  const named = [
    ...readers.map(({ file, code }) => ({ file, words: words(code) })),
    ...builders.map((code) => ({ file: 'bin', words: words(code) })),
  ];
  for (const { file, code } of readers) {
    if (!/^(harness|reports)\//.test(file) || file === 'reports/sample-report.ts' || isGenerated(file)) continue;
    for (const [, name] of code.matchAll(declared)) {
      const own = code.match(new RegExp(`\\b${name}\\b`, 'g'))!.length;
      const isNamed = own > 1 || named.some((other) => other.file !== file && other.words.has(name!));
      t.ok(isNamed, `${file}: ${name}`);
    }
  }
});

t.test('files are named in kebab case', async (t) => {
  for (const { file } of sources) {
    if (!isGenerated(file)) t.match(path.basename(file), /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.ts$/, file);
  }
});

t.test('a name says what a file is for', async (t) => {
  for (const { file } of sources) {
    t.notMatch(path.basename(file), /^(utils?|helpers?|manager|common|misc)\b/, file);
  }
});

t.test('codes of errors are written in one way', async (t) => {
  for (const { file, code } of sources) {
    for (const [, name] of code.matchAll(/new FloodgateError\(\s*'([^']*)'/g)) {
      t.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/, `${file}: ${name}`);
    }
  }
});

t.test('no type error is silenced', async (t) => {
  for (const { file, code } of sources) {
    if (!isGenerated(file) && file !== 'test/house.test.ts') t.notMatch(code, /@ts-(ignore|nocheck)/, file);
  }
});

t.test('install scripts are known, and off', async (t) => {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  const withScript = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript);
  const architecture = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8').split('**Install scripts**')[1] ?? '';
  for (const [place] of withScript) {
    const name = place.split('node_modules/').at(-1)!;
    t.ok(architecture.includes(`\`${name}\``), `ARCHITECTURE.md says what the install script of ${name} is for`);
  }
  t.match(readFileSync(path.join(root, '.npmrc'), 'utf8'), /^ignore-scripts=true$/m);
});
