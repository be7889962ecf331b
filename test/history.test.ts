/** The history of a project that is not ours: floodgate from its package, what it stored, and what it shows of it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { gitIn } from '../harness/compare/git-fixture.ts';
import { withPostgres } from '../harness/history/postgres-fixture.ts';
import { install, plainNode } from './installed-package.ts';

t.setTimeout(600_000);
const folder = t.testdir();
const bin = install(folder);
const floodgate = path.join(bin, 'floodgate');
const shop = path.join(folder, 'shop');
mkdirSync(shop);
const write = (file: string, text: string) => writeFileSync(path.join(shop, file), text);
const git = gitIn(shop);
const run = (...words: string[]) => runWith({}, ...words);
const runWith = (environment: Record<string, string>, ...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(...plainNode(floodgate, ...words), {
    cwd: shop,
    encoding: 'utf8',
    env: { ...process.env, GITHUB_ACTIONS: '', CI: '', ...environment },
  });
  return { status, out: stdout, err: stderr };
};

write('package.json', '{ "name": "shop", "type": "module", "private": true }\n');
write(
  'server.js',
  "import { createServer } from 'node:http';\ncreateServer((request, response) => response.end(request.url)).listen(process.env.PORT, '127.0.0.1');\n",
);
write(
  'load.js',
  "for (let i = 0; i < 40; i++) await (await fetch('http://127.0.0.1:' + process.argv[2] + '/' + i)).text();\n",
);
const scenario = (name: string) =>
  `{ name: '${name}', load: 'node load.js {port}', idle: '100ms', recover: '100ms', budgets: { 'rss.max': '900 MB' } }`;
write(
  'floodgate.config.js',
  `export default { targets: { service: { command: 'node server.js' } }, scenarios: [${scenario('cart')}, ${scenario('search')}] };\n`,
);
git('init', '-q', '-b', 'main');
git('add', '.');
git('commit', '-qm', 'a shop that echoes');

t.test('what a gate measures is stored, listed, shown, exported and pruned', async (t) => {
  t.match(run('history'), { status: 2, err: /there is no history yet: \.floodgate\/history\.db/ });
  const gate = run('gate');
  t.equal(gate.status, 0, gate.out + gate.err);
  const id = /^stored: ([0-9a-f]{8}) in \.floodgate\/history\.db$/m.exec(gate.out)?.[1] ?? '';
  t.match(id, /^[0-9a-f]{8}$/, gate.out + gate.err);
  t.equal(readFileSync(path.join(shop, '.floodgate', '.gitignore'), 'utf8'), '*\n');
  const single = run(
    'run',
    '--target',
    'node server.js',
    '--load',
    'node load.js {port}',
    '--idle',
    '100ms',
    '--recover',
    '100ms',
    '--out',
    'elsewhere',
  );
  t.match(single.out, /^stored: /m, 'a run in a project is part of its history, wherever its report is');
  const commit = git('rev-parse', 'HEAD').slice(0, 8);
  const list = run('history');
  t.match(list, { status: 0, out: new RegExp(`^${id} .* ✓ gate +${commit} +All 2 scenarios within budget`, 'm') });
  t.match(list.out, / run /);
  t.equal(list.out.trim().split('\n').length, 2, 'the runs of a gate are in the gate');
  const metric = run('history', 'list', '--scenario', 'cart', '--metric', 'rss.max');
  t.match(
    metric.out,
    /^rss\.max of cart, load lane; linux[^\n]*\n {2}[0-9a-f]{8} {2}[^\n]*MB\n {2}1 run can be compared/m,
    metric.out + metric.err,
  );
  t.match(run('history', 'list', '--metric', 'rss.maxx').err, /there is no metric "rss\.maxx"; is "rss\.max" meant\?/);
  const shown = run('history', 'show', id);
  t.match(shown, { status: 0, out: /All 2 scenarios within budget/ });
  t.equal(JSON.parse(run('history', 'show', id.slice(0, 6), '--format', 'json').out).runs.length, 2);
  t.match(run('history', 'show', 'ffffffffffff').err, /nothing that begins with "ffffffffffff" is stored/);
  t.match(run('history', 'add', 'runs/latest').out, new RegExp(`stored: ${id} \\(was there already\\)`));
  t.match(run('history', 'export', '--out', 'all.jsonl').out, /^2 entries/);
  const lines = readFileSync(path.join(shop, 'all.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(lines[1], { batch: { kind: 'gate', project: 'shop', subject: 'a shop that echoes' } });
  t.ok(lines[1].figures.some((each: { name: string; value: number }) => each.name === 'rss.max' && each.value > 1e6));
  await served(t);
  t.match(
    run('history', 'prune', '--keep-reports', '0').out,
    /^removed: 0 entries with their figures; the whole reports of 3 more/,
  );
  t.match(run('history', 'show', id).out, /The whole report was removed[\s\S]*rss\.max +[\d.]+ MB {2}\(limit 900 MB\)/);
  t.match(run('history', 'check'), { status: 0, out: /is whole: 3 runs of shop/ });
  t.match(run('history', 'prune', '--keep-days', '0').out, /^removed: 2 entries/);
  t.match(run('history').out, /^Nothing is stored of this project yet/);
});

t.test('a team’s store in PostgreSQL, by a variable that no target sees', async (t) => {
  await withPostgres(t, async (url) => {
    const store = { FLOODGATE_STORE: url, PGPASSWORD: 'of the history' };
    write(
      'spy.js',
      "if (Object.keys(process.env).some((name) => /^(FLOODGATE_STORE|PGPASSWORD)/.test(name))) process.exit(9);\nawait import(new URL('server.js', import.meta.url).href);\n",
    );
    const words = ['--load', 'node load.js {port}', '--idle', '100ms', '--recover', '100ms', '--out', 'spied'];
    const spied = runWith(store, 'run', '--target', 'node spy.js', ...words);
    t.equal(spied.status, 0, spied.out + spied.err);
    t.match(spied.out, /^stored: [0-9a-f]{8} in postgres:\/\/localhost\/postgres$/m);
    t.match(spied.err, /^PGPASSWORD is the history’s/m);
    const gate = runWith(store, 'gate', '--only', 'cart');
    t.match(gate.out, /^stored: [0-9a-f]{8} in postgres/m, gate.err);
    t.match(runWith(store, 'history').out, /gate .*1 scenario within budget[^\n]*\n[^\n]* run /);
    t.match(runWith(store, 'history', 'list', '--scenario', 'cart').out, /run cart, load lane/);
    const absent = runWith({ FLOODGATE_STORE: url.replace('/postgres?', '/nothing?') }, 'history');
    t.match(absent, { status: 2, err: /database "nothing" does not exist\nCreate the database: createdb NAME/ });
  });
});

/** `floodgate serve` in the project: its pages are out of the history. */
async function served(t: Test): Promise<void> {
  const server = spawn(...plainNode(floodgate, 'serve', '--port', '0'), {
    cwd: shop,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [said] = await once(server.stdout.setEncoding('utf8'), 'data');
    t.match(said, /^serving the history on http/);
    const base = /http:\S+/.exec(said)![0];
    const get = async (target: string) => {
      const answer = await fetch(new URL(target, base));
      return { status: answer.status, text: await answer.text() };
    };
    const page = await get('/');
    t.equal(page.status, 200);
    const data = JSON.parse(/id="report">(.*)<\/script>\n<script>/s.exec(page.text)![1]!);
    t.match(data, { kind: 'history', project: 'shop', left: 0 });
    const cart = data.series.find(({ scenario }: { scenario: string }) => scenario === 'cart');
    t.match(
      cart.metrics.map(({ name }: { name: string }) => name),
      ['rss.max', 'allocated.perRequest'],
    );
    t.match(cart.runs, [{ subject: 'a shop that echoes', branch: 'main', exitCode: 0 }]);
    const ids = data.series.flatMap(({ runs }: { runs: { id: string }[] }) => runs.map(({ id }) => id));
    t.match(await get(`/run/${ids[0]}`), { status: 200, text: /<title>✓ / });
    t.match(await get(`/compare?a=${ids[0]}&b=${ids[1]}`), { status: 200, text: /"kind":"pair"/ });
    t.match(await get('/?metric=cpu.seconds'), { status: 200, text: /"name":"cpu\.seconds"/ });
    for (const bad of ['/compare', `/compare?a=${ids[0]}&b=0`, '/run/..%2f', '/run/0000000000000000', '/shop.db']) {
      t.equal((await get(bad)).status, 404, bad);
    }
  } finally {
    server.kill('SIGTERM');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
  }
}

t.test('a store elsewhere, none, and one that cannot be used', async (t) => {
  const config = readFileSync(path.join(shop, 'floodgate.config.js'), 'utf8');
  rmSync(path.join(shop, '.floodgate'), { recursive: true });
  write('floodgate.config.js', config.replace('{ targets', '{ store: false, targets'));
  const none = run('gate', '--only', 'cart');
  t.equal(none.status, 0, none.err);
  t.notMatch(none.out, /stored/);
  t.notOk(existsSync(path.join(shop, '.floodgate')));
  t.match(run('history').err, /this project keeps no history/);
  write('floodgate.config.js', config.replace('{ targets', "{ store: { at: 'songs.db', keepDays: 9 }, targets"));
  write('songs.db', 'these are no songs, and no database either: '.repeat(100));
  const refused = run('gate', '--only', 'cart');
  t.equal(refused.status, 0, 'the verdict stands');
  t.match(refused.err, /not stored: the history songs\.db cannot be used: it is damaged, or no database/);
  t.equal(statSync(path.join(shop, 'songs.db')).size, 4_400);
  write('floodgate.config.js', config.replace('{ targets', "{ store: { at: 'x.db', keepDay: 9 }, targets"));
  t.match(run('history').err, /store/);
  write('floodgate.config.js', config);
});

t.test('two machines measure a half each: one report, and one entry of the history', async (t) => {
  write('floodgate.config.js', readFileSync(path.join(shop, 'floodgate.config.js'), 'utf8'));
  const first = run('gate', '--shard', '1/2', '--out', 'parts/first');
  t.equal(first.status, 0, first.out + first.err);
  t.match(first.out, /shard 1 of 2: 1 of 2 scenarios; floodgate merge judges the whole/);
  t.notMatch(first.out, /stored/, 'a part is no gate');
  const missing = run('merge', 'parts');
  t.equal(missing.status, 2);
  t.match(missing.err, /no shard measured: search \(there is no shard 2\/2\)/);
  t.notMatch(missing.out, /report/, 'nothing was rendered');
  t.match(run('merge', 'parts', '--partial', '--out', 'half'), { status: 4, out: /Not measured: search\./ });
  t.match(run('gate', '--shard', '3/2').err, /--shard 3\/2 is none of 1\/2 to 2\/2/);
  const second = runWith({ JOB_COMPLETION_INDEX: '1' }, 'gate', '--shard', 'auto/2', '--out', 'parts/second');
  t.equal(second.status, 0, second.out + second.err);
  const whole = run('merge', 'parts');
  t.equal(whole.status, 0, whole.out + whole.err);
  t.match(whole.out, /All 2 scenarios within budget/);
  t.match(whole.out, /^stored: [0-9a-f]{8} in /m);
  const report = JSON.parse(readFileSync(path.join(shop, 'runs', 'latest', 'report.json'), 'utf8'));
  t.match(report, {
    kind: 'gate',
    command: 'floodgate gate',
    runs: [{ scenario: { name: 'cart' } }, { scenario: { name: 'search' } }],
  });
  t.ok(existsSync(path.join(shop, 'runs', 'latest', 'search', 'report.json')), 'each run’s own report comes along');
  write('shop.txt', 'changed');
  git('add', '.');
  git('commit', '-qm', 'another version');
  t.equal(run('gate', '--shard', '1/2', '--out', 'parts/third').status, 0);
  t.match(run('merge', 'parts').err, /are of another commit of the project/);
});

t.test('a waiver of a limit waives no dead target, and no load that decides nothing', async (t) => {
  write(
    'broken.js',
    `import { createServer } from 'node:http';
let count = 0;
createServer((request, response) => {
  count += 1;
  if (process.argv[2] === 'dies' && count > 30) process.exit(0);
  response.statusCode = 500;
  response.end(request.url);
}).listen(process.env.PORT, '127.0.0.1');
`,
  );
  const autocannon = '../node_modules/.bin/autocannon';
  write(
    'floodgate.config.yaml',
    `targets: { dies: { command: node broken.js dies }, errors: { command: node broken.js } }
scenarios:
  - { name: dies, target: dies, load: 'node load.js {port}', idle: 100ms, recover: 100ms, budgets: { rss.max: 1MB } }
  - { name: errors, target: errors, load: '${autocannon} -c 1 -a 200 http://127.0.0.1:{port}/', idle: 100ms, recover: 100ms, budgets: { rss.max: 1MB } }
`,
  );
  const config = ['--config', 'floodgate.config.yaml'];
  for (const name of ['dies', 'errors']) {
    const words = ['--scenario', name, '--owner', 'anna', '--until', '2999-12-31', '--reason', 'PERF-1', ...config];
    t.equal(run('waiver', 'add', 'rss.max', ...words).status, 0);
  }
  const gate = run('gate', ...config, '--out', 'faulty');
  t.equal(gate.status, 1, gate.out + gate.err);
  t.match(gate.out, /^ FAIL {2}dies {2}The target died under the traffic \(exit code 0\)\. /m);
  t.match(gate.out, /^ UNDECIDED {2}errors {2}None of 20\d answers had a status of 2xx/m);
  t.equal(gate.out.match(/~ rss\.max .* waived until 2999-12-31 by anna: PERF-1$/gm)?.length, 2, gate.out);
  t.match(run('baseline', 'accept', 'faulty', '--reason', 'x', ...config), { status: 2, err: /The target died/ });
  t.match(run('report', 'faulty', '--budget', 'rss.max=1GB'), {
    status: 1,
    out: /FAIL {2}dies[\s\S]*UNDECIDED {2}errors/,
  });
});
