/** A team's own project: floodgate from its package, in a repository that is not ours. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import { lexer, type Tokens } from 'marked';
import t from 'tap';
import { conversationsCapture } from '../agent/commands/conversation-fixture.ts';
import { gitIn } from '../harness/compare/git-fixture.ts';
import type { ComparisonReport } from '../reports/comparison.ts';
import { install, plainNode } from './installed-package.ts';

// Fifty runs: a minute on a quiet machine, ten on a busy one.
t.setTimeout(1_500_000);
const folder = t.testdir();
const bin = install(folder);
const floodgate = path.join(bin, 'floodgate');

/** Half of what a request allocates is the cart's: ten more rows in a hundred are 10 % of it. */
const server = (rows: number, comment = '', receipt = 'receipt') => `import { createServer } from 'node:http';
${comment}
function parseCart(text) {
  const rows = [];
  for (let i = 0; i < ${rows}; i++) rows.push({ id: i, price: i * 1.5, text: text + i });
  return rows;
}
function ${receipt}(rows) {
  const lines = [];
  for (let i = 0; i < 40; i++) lines.push({ at: i, price: rows[i].price });
  return lines;
}
createServer((request, response) => {
  let sum = 0;
  const rows = parseCart(request.url);
  for (const { price } of rows) sum += price;
  response.setHeader('x-lines', ${receipt}(rows).length);
  response.end(String(sum));
}).listen(process.env.PORT, '127.0.0.1');
`;

const load = `import http from 'node:http';
const [port, count] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
for (let i = 0; i < count; i++) {
  await new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path: '/cart', agent };
    http.get(options, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}
`;

const config = `import { defineConfig } from 'floodgate';
export default defineConfig({
  targets: { service: { command: 'node server.js' } },
  scenarios: [{ name: 'cart', target: 'service', load: 'node load.js {port} 1600', idle: '200ms', recover: '200ms' }],
});
`;

/** A repository with \`main\`, and what \`floodgate\` in it printed. */
function makeShop(name: string) {
  const shop = path.join(folder, name);
  mkdirSync(shop);
  const write = (file: string, text: string) => writeFileSync(path.join(shop, file), text);
  const git = gitIn(shop);
  write('package.json', '{ "name": "shop", "type": "module", "private": true }\n');
  write('server.js', server(200));
  write('load.js', load);
  write('floodgate.config.ts', config);
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'shop');
  const run = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(...plainNode(floodgate, ...words), { cwd: shop, encoding: 'utf8' });
    return { status, out: stdout, err: stderr };
  };
  return { shop, write, git, run };
}

const reportOf = (shop: string, out: string): ComparisonReport =>
  JSON.parse(readFileSync(path.join(shop, out, 'comparison.json'), 'utf8'));

t.test('the story: 10 % more in one function is worse, by name; a comment is not', async (t) => {
  const { shop, write, git, run } = makeShop('story');
  git('checkout', '-qb', 'greedy');
  write('server.js', server(220, '', 'bill'));
  git('commit', '-qam', 'ten per cent more, and another name');
  const worse = run('compare', '--base', 'main', '--out', 'runs/worse', '--seed', '1');
  t.equal(worse.status, 1, worse.out + worse.err);
  t.match(worse.out, /WORSE: .*allocated\.perRequest of cart \+\d/m);
  t.match(worse.out, /server\.js:\d parseCart \+\d/, 'function and file');
  const report = reportOf(shop, 'runs/worse');
  const schema = path.join(folder, 'node_modules', 'floodgate', 'docs', 'comparison.schema.json');
  const validate = new Ajv().compile(JSON.parse(readFileSync(schema, 'utf8')));
  t.ok(validate(report), JSON.stringify(validate.errors));
  const [scenario] = report.scenarios;
  const metric = scenario!.metrics.find(({ name }) => name === 'allocated.perRequest')!;
  t.equal(metric.decision, 'worse');
  t.ok(metric.change! > 0.04 && metric.change! < 0.1, `${metric.change}`);
  t.ok(metric.detectable! > 0.005, 'what could have been seen');
  const site = scenario!.sites[0]!;
  t.match(site, { file: /^server\.js$/, functionName: 'parseCart' });
  t.same(site.changed, [5], 'the line that grew');
  t.match(worse.out, /^ +> 5 \| +for \(let i = 0; i < 220;/m, 'is marked');
  const change = site.headBytes! / site.baseBytes! - 1;
  t.ok(change > 0.05 && change < 0.16, `parseCart ${change}`);
  const named = scenario!.sites.map(({ functionName }) => functionName);
  t.notOk(named.includes('bill') || named.includes('receipt'), `a new name is no cause: ${named}`);
  const cells = ['base', 'head'].map((side) => `runs/worse/cart/sites-${side}`);
  t.match(run('diff', ...cells).out, /^[\d.]+ kB → [\d.]+ kB a request \(1,600 .*\n {2}server\.js:\d parseCart \+/);
  t.match(run('diff', 'runs/worse/cart/1-base', cells[0]!).err, /Run it again with --sites 4KiB/);
  const comment = lexer(readFileSync(path.join(shop, 'runs', 'worse', 'comparison.md'), 'utf8'), { gfm: true });
  t.match(comment[0], { type: 'html', raw: /^<!-- floodgate-compare -->/ });
  const heading = comment.find(({ type }) => type === 'heading') as Tokens.Heading;
  const said = heading.tokens.map((token) => ('text' in token ? token.text : '')).join('');
  t.match(said, /^❌ WORSE: allocated\.perRequest of cart \+.*parseCart/);
  const table = comment.find(({ type }) => type === 'table') as Tokens.Table;
  t.match(
    table.rows[0]!.map(({ text }) => text),
    ['❌ worse', '`allocated.perRequest`', /kB$/, /kB$/, /^\+\d/, /…/, /^\+\d/, /^≥ \+/],
  );
  t.match(comment.find(({ type }) => type === 'list')!.raw, /server\.js:\d parseCart/);
  t.match(report.flames[0], { scenario: 'cart', unit: 'bytes' });
  t.ok(report.flames[0]!.sites.file.includes('server.js'), 'stacks are named as in the project');

  git('checkout', '-q', 'main');
  git('checkout', '-qb', 'talkative');
  write('server.js', server(200, '// Says more, does the same.'));
  git('commit', '-qam', 'a comment');
  const same = run('compare', '--base', 'main', '--out', 'runs/same', '--seed', '1');
  t.equal(same.status, 0, same.out + same.err);
  t.match(same.out, /^WITHIN: /m);
  t.match(same.err, /talkative|\.: checking out/);
  t.notMatch(same.err, /^main: checking out/m, 'the base was built once');
  t.same(readdirSync(path.join(shop, '.floodgate', 'compare')).sort(), ['versions'], 'nothing is left half done');

  // No call site of either run is known: both versions run once more.
  const diffed = run('diff', 'runs/worse', 'runs/same');
  t.equal(diffed.status, 0, diffed.out + diffed.err);
  t.match(diffed.out, /^[\d.]+ kB → [\d.]+ kB a request .*\n {2}server\.js:\d parseCart −/);
  t.match(run('diff', 'runs/worse', 'runs/same', '--only', 'crat').err, /have no scenario in common/);

  // What was published, beside what the first comparison judged.
  git('checkout', '-q', 'main');
  execFileSync(
    'tar',
    ['-czf', path.join(shop, 'shop-1.0.0.tgz'), '--transform=s,^,package/,', 'package.json', 'server.js'],
    {
      cwd: shop,
    },
  );
  const words = ['--base', './shop-1.0.0.tgz', '--head', 'runs/worse', '--sites', 'never', '--out', 'runs/published'];
  const published = run('compare', ...words);
  t.equal(published.status, 1, published.out + published.err);
  t.match(published.out, /^base \.\/shop-1\.0\.0\.tgz {3}head runs\/worse \([0-9a-f]{10}\)$/m);
  t.match(run('compare', '--base', 'npm:1.0.0').err, /shop is private: .*\nName the package: npm:NAME@1\.0\.0/);
});

t.test('a newcomer: init, gate, and a budget that is broken', async (t) => {
  const { shop, git, run } = makeShop('newcomer');
  git('rm', '-q', 'floodgate.config.ts');
  git('commit', '-qm', 'no configuration yet');
  const doctor = run('doctor');
  t.equal(doctor.status, 0, doctor.out + doctor.err);
  t.match(doctor.out, /^. system +linux/m);
  t.match(run('gate', '--only', 'cart').err, /there is none\nfloodgate init writes one/);
  t.match(run('init').err, /floodgate init --yes asks none/);
  const init = run('init', '--yes');
  t.match(init, { status: 0, out: /^Node\.js project: wrote floodgate\.config\.ts, and/ });
  t.match(run('init', '--yes').err, /there is floodgate\.config\.ts already/);
  t.match(readFileSync(path.join(shop, '.gitignore'), 'utf8'), /^\/\.floodgate\/\n\/runs\/$/m);
  const file = path.join(shop, 'floodgate.config.ts');
  const text = readFileSync(file, 'utf8');
  t.match(text, /import \{ defineConfig \} from 'floodgate';[\s\S]*command: 'node server\.js'/);
  // The load that it suggests comes from the registry.
  writeFileSync(
    file,
    text.replace(/load: '[^']*'/, "quick: true, idle: '200ms', recover: '200ms', load: 'node load.js {port} 500'"),
  );
  const good = run('gate', '--quick');
  t.equal(good.status, 0, good.out + good.err);
  t.match(good.out, /rss\.max/);
  const over = run('gate', '--only', 'first', '--budget', 'allocated.perRequest=1kB');
  t.equal(over.status, 1, over.out + over.err);
  t.match(over.out, /allocated\.perRequest/);
  const refused = run('baseline', 'accept', '--reason', 'too large');
  t.match(refused, { status: 2, err: /allocated\.perRequest is not within budget/ });
  t.match(run('waiver', 'add', 'rss.max', '--scenario', 'frist', ...waived).err, /is "first" meant\?/);
  t.equal(run('waiver', 'add', 'rss.max', '--scenario', 'first', ...waived).status, 0);
  // A limit as typed takes the place of the configuration's.
  const allowed = run('gate', '--budget', 'rss.max=1MB');
  t.equal(allowed.status, 0, allowed.out + allowed.err);
  t.match(allowed.out, /waived: rss\.max of first/);
  t.match(
    run('baseline', 'accept', '--reason', 'waived').err,
    /rss\.max is not within budget\nOnly a run that is within/,
  );
  const clean = run('gate');
  t.equal(clean.status, 0, clean.out + clean.err);
  // The configuration counts, whatever the run was allowed; for a raise that of all environments, for the ledger is one for them.
  const plain = readFileSync(file, 'utf8');
  const lax = "lax: { thresholds: { 'allocated.perRequest': '100 %' } }";
  const environments = `environments: { ci: { budgets: { 'rss.max': '1 MB' } }, ${lax} }, scenarios:`;
  writeFileSync(file, plain.replace('scenarios:', environments));
  const wide = run('baseline', 'accept', '--env', 'ci', '--reason', 'wide');
  t.match(wide, { status: 2, err: /first: rss\.max is .*, and the configuration allows at most 1 MB\n.*--env NAME/ });
  t.match(run('baseline', 'accept', '--reason', 'first'), {
    status: 0,
    out: /first: allocated\.perRequest \d/,
  });
  const ledger = path.join(shop, 'floodgate.ledger.yaml');
  const entry = readFileSync(ledger, 'utf8');
  // Half as much again: within the threshold of one environment, and beyond the other.
  writeFileSync(
    ledger,
    entry.replace(/value: (.*)/, (_, value) => `value: ${Math.round(value / 1.5)}`),
  );
  t.match(run('baseline', 'accept', '--env', 'lax', '--reason', 'worse').err, /beyond the threshold[\s\S]*--raise/);
  writeFileSync(ledger, entry.replace(/value: .*/, 'value: 1000'));
  writeFileSync(file, plain);
  const grown = run('gate');
  t.equal(grown.status, 1, grown.out + grown.err);
  t.match(grown.out, /allocated\.perRequest is .*, at most 1\.\d* kB is allowed \(baseline 1 kB/);
  t.match(run('baseline', 'list').out, /waiver +first +rss\.max +until 2999-12-31 by anna: PERF-1/);
  writeFileSync(ledger, '');
  t.match(run('gate', '--only', 'frist').err, /there is no scenario "frist"\nDid you mean first\? Scenarios: first/);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/ {2}budgets:.*\n/, ''));
  const unjudged = run('gate');
  t.equal(unjudged.status, 4, unjudged.out + unjudged.err);
  t.match(unjudged.out, /undecided: first/);
});

t.test('a Go project: what init writes is YAML, and names a schema that is there', (t) => {
  const shop = path.join(folder, 'gopher');
  mkdirSync(shop);
  writeFileSync(path.join(shop, 'go.mod'), 'module shop\n');
  const { status, stderr } = spawnSync(...plainNode(floodgate, 'init', '--yes'), { cwd: shop, encoding: 'utf8' });
  t.equal(status, 0, stderr);
  const text = readFileSync(path.join(shop, 'floodgate.config.yaml'), 'utf8');
  t.match(
    text,
    'thresholds: { "allocated.bytes": "3 %" }',
    'which is measured of a program whose requests nobody counts',
  );
  const [, schema] = /^# yaml-language-server: \$schema=(.*)$/m.exec(text)!;
  t.match(JSON.parse(readFileSync(path.join(shop, schema!), 'utf8')), { properties: { targets: {}, scenarios: {} } });
  t.end();
});

const waived = ['--owner', 'anna', '--until', '2999-12-31', '--reason', 'PERF-1'];

const requestsConfig = `import { defineConfig } from 'floodgate';
export default defineConfig({
  targets: { service: { command: 'node server.js' } },
  scenarios: [{ name: 'prod', target: 'service', requests: 'prod.pcap', oneAtATime: true, loop: 10, idle: '100ms', recover: '100ms' }],
});
`;

t.test('recorded requests: a run, the gate and a comparison', async (t) => {
  const { shop, write, git, run } = makeShop('requests');
  const get = (uri: string) => `GET ${uri} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer recorded\r\n\r\n`;
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n29850';
  const says = Array.from({ length: 40 }, (_, at) => [[0, get(`/cart?n=${at}`)] as const, [1, ok] as const]).flat();
  const damaged = [[0, 'POST /cart HTTP/1.1\r\nContent-Length: 9\r\n\r\n'] as const, [0, 9] as const, [1, ok] as const];
  writeFileSync(path.join(shop, 'prod.pcap'), conversationsCapture([{ says }, { says }]));
  writeFileSync(path.join(shop, 'damaged.pcap'), conversationsCapture([{ says: [...says, ...damaged] }]));
  const service = ['--target', 'node server.js', '--requests', '--idle', '100ms', '--recover', '100ms'];
  const words = [...service, '--loop', '10', '--rewrite-header', 'Authorization: Bearer s3cret'];
  const limits = ['--budget', 'requests.different=0', '--budget', 'allocated.perRequest=1MB'];
  const held = run('run', 'prod.pcap', ...words, '--one-at-a-time', ...limits, '--out', 'held');
  t.equal(held.status, 0, held.out + held.err);
  t.match(held.out, /800 of 800 sent one at a time/);
  t.match(held.out, /V8 ran under --single-threaded/);
  t.match(held.out, /over \d equal windows of [\d,]+: .*, a range of \d/);
  const files = readdirSync(path.join(shop, 'held'), { recursive: true, encoding: 'utf8' });
  t.notOk(
    files.some((name) => name.startsWith('requests.')),
    'no requests are left behind',
  );
  t.notMatch(held.out + readFileSync(path.join(shop, 'held', 'report.json'), 'utf8'), /s3cret|Bearer recorded/);
  const late = run('run', 'prod.pcap', ...service, '--topspeed', '--budget', 'requests.late=5ms');
  t.equal(late.status, 4, 'without a schedule nothing is on time');
  const partly = run('run', 'damaged.pcap', ...service);
  t.equal(partly.status, 4, partly.out + partly.err);
  t.match(partly.out, /1 of 41 requests of the recording were not sent; limits on the rest decide nothing/);
  t.equal(run('run', 'damaged.pcap', ...service, '--budget', 'requests.unsent=1').status, 0, 'unless that is meant');

  write('floodgate.config.ts', requestsConfig);
  git('add', '.');
  git('commit', '-qm', 'recorded requests');
  const good = run('gate');
  t.equal(good.status, 0, good.out + good.err);
  t.match(good.out, /requests\.failed/);
  git('checkout', '-qb', 'broken');
  write(
    'server.js',
    server(210).replace('response.end', 'if (/n=7$/.test(request.url)) response.statusCode = 500;\n  response.end'),
  );
  git('commit', '-qam', 'five per cent more, and an error');
  const bad = run('gate');
  t.equal(bad.status, 1, bad.out + bad.err);
  t.match(bad.out, /requests\.failed is 20, at most 0 is allowed/);
  const worse = run('compare', '--base', 'main', '--out', 'runs/worse', '--seed', '1', '--sites', 'never');
  t.equal(worse.status, 1, worse.out + worse.err);
  t.match(worse.out, /WORSE: .*allocated\.perRequest/m);
});

t.test('the package from a program, with types', async (t) => {
  const { shop, write } = makeShop('program');
  write(
    'program.ts',
    `import { defineScenario, run, type RunReport } from 'floodgate';
const scenario = defineScenario({ name: 'cart', load: 'node load.js {port} 500' });
const words = ['--target', 'node server.js', '--load', scenario.load ?? '', '--idle', '200ms', '--recover', '200ms', '--no-explain'];
const report: RunReport = await run(words);
const figure = report.figures.find(({ name }) => name === 'allocated.perRequest');
console.log(JSON.stringify({ exitCode: report.verdict.exitCode, bytes: figure?.value }));
try {
  await run(['--target', 'node nothing.js', '--load', 'true']);
} catch (error) {
  console.log((error as Error).message);
}
try {
  await run(['--target']);
} catch (error) {
  console.log((error as Error).message);
}
`,
  );
  const spawned = (...words: string[]) => spawnSync(...plainNode(...words), { cwd: shop, encoding: 'utf8' });
  const { stdout, stderr } = spawned('program.ts');
  const [first = '', second, third] = stdout.split('\n');
  t.ok(JSON.parse(first).bytes > 10_000, first + stderr);
  t.match(second, /^floodgate run ended with 2: \S/, 'and why');
  t.match(third, /^floodgate run ended with 2: option '--target [^']+' argument missing/, 'not its own option');

  const options = {
    module: 'nodenext',
    target: 'es2024',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
  };
  write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['program.ts', 'floodgate.config.ts'] }));
  const tsc = path.join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  const checked = spawned(tsc, '-p', '.');
  t.equal(checked.status, 0, checked.stdout + checked.stderr);
  const limits = "defineConfig({ budgets: { 'rss.mx': '9 MB' }, thresholds: { 'bytes:src/**': '1 %' } });\n";
  write('floodgate.config.ts', `${config.replace('targets:', 'target:')}${limits}`);
  const refused = spawned(tsc, '-p', '.');
  t.match(refused.stdout, /'target' does not exist in type/, refused.stderr);
  t.match(refused.stdout, /'rss\.mx'+ does not exist in type 'Limits'/, 'a metric that there is not');
  t.notMatch(refused.stdout, /bytes:src/, 'a pattern of call sites is a name');

  const documented = codeOf('ts');
  t.ok(documented.length >= 2);
  write('floodgate.config.ts', config);
  const files = documented.map((code, at) => {
    write(`documented-${at}.ts`, code);
    return `documented-${at}.ts`;
  });
  write('tsconfig.json', JSON.stringify({ compilerOptions: options, files }));
  const types = spawned(tsc, '-p', '.');
  t.equal(types.status, 0, `what pages show has these types: ${types.stdout}${types.stderr}`);
  for (const [at, code] of codeOf('js').entries()) {
    write(`documented-${at}.js`, code);
    const ran = spawned(`documented-${at}.js`);
    t.equal(ran.status, 0, `what pages show runs: ${code}${ran.stderr}`);
    t.not(ran.stdout, '');
  }
});

/** The code blocks of one language in the pages of the package. */
function codeOf(language: string): string[] {
  const docs = path.join(folder, 'node_modules', 'floodgate', 'docs');
  return readdirSync(docs)
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => [
      ...readFileSync(path.join(docs, name), 'utf8').matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')),
    ])
    .map(([, code]) => code!);
}
