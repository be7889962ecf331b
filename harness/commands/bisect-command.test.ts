// A bisection in a repository of its own, by real comparisons.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { gitIn } from '../compare/git-fixture.ts';

t.setTimeout(600_000);
const program = path.resolve(import.meta.dirname, '../../bin/floodgate');

const server = (rows: number) => `import { createServer } from 'node:http';
createServer((request, response) => {
  const rows = Array.from({ length: ${rows} }, (_, id) => ({ id, text: request.url + id }));
  response.end(String(rows.length));
}).listen(process.env.PORT, '127.0.0.1');
`;
const load = `import http from 'node:http';
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
for (let i = 0; i < 800; i += 1) {
  await new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: process.argv[2], path: '/cart', agent };
    http.get(options, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}
`;
const config = `targets: { service: { command: node server.mjs } }
scenarios: [{ name: cart, load: 'node load.mjs {port}', idle: 200ms, recover: 200ms }]
build: test ! -e broken
`;

t.test('a commit that cannot be built, and one that cannot start, make a range; what was found is kept', async (t) => {
  const folder = t.testdir();
  const git = gitIn(folder);
  git('init', '-qb', 'main');
  const commit = (subject: string, files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    git('add', '.');
    git('commit', '-qm', subject);
  };
  commit('first', { 'server.mjs': server(200), 'load.mjs': load, 'floodgate.config.yaml': config });
  git('tag', 'v1');
  commit('more rows', { 'server.mjs': server(300), broken: '' });
  git('rm', '-q', 'broken');
  commit('it does not start', { 'server.mjs': `throw new Error('not today');\n${server(300)}` });
  commit('it can be built again', { 'server.mjs': server(300) });
  const words = ['--scenario', 'cart', '--metric', 'allocated.perRequest'];
  const bisect = (...more: string[]) => {
    const all = ['-u', 'NODE_OPTIONS', program, 'bisect', ...more];
    const { status, stdout, stderr } = spawnSync('env', all, { cwd: folder, encoding: 'utf8' });
    return { status, out: stdout, err: stderr };
  };
  const first = bisect('--good', 'v1', '--bad', 'main', ...words, '--out', 'found');
  t.equal(first.status, 4, first.out + first.err);
  t.match(first.out, /^RANGE: one of 3 commits, the last of which is [0-9a-f]{10} it can be built again\n/);
  t.match(first.out, /Could not be decided:\n {2}[0-9a-f]{10} more rows: .* cannot be built: "test ! -e broken"/);
  t.match(
    first.out,
    /\n {2}[0-9a-f]{10} it does not start: head \([0-9a-f]{40}\): node server\.mjs ended before it was ready /,
  );
  const data = JSON.parse(readFileSync(path.join(folder, 'found', 'bisect.json'), 'utf8'));
  t.match(data, {
    isExact: false,
    commits: [{ subject: 'first' }, { finding: 'skipped' }, { finding: 'skipped' }, { subject: /again/ }],
  });
  t.ok(data.change > 0.2, String(data.change));

  const again = bisect('--good', 'v1', '--bad', 'main', ...words, '--out', 'again');
  t.match(again.err, /2 commits are known from before/);
  t.equal(again.out, first.out, 'nothing is run again');

  // Another load: nothing found by the first one holds.
  writeFileSync(path.join(folder, 'load.mjs'), 'process.exit(3);');
  const other = bisect('--good', 'v1', '--bad', 'main', ...words, '--out', 'other');
  t.match(other.err, /3 comparisons of before are not used, as what measures has changed: load\.mjs\n/);
  t.notMatch(other.out, /RANGE/);

  const refused = (...more: string[]) => bisect(...more).err;
  t.match(refused('--good', 'main', '--bad', 'v1', ...words), /main is not on the way to v1/);
  t.match(refused('--good', './', '--bad', 'main', ...words), /is no commit, branch or tag/);
  t.match(refused('--good', 'v1', '--bad', 'main', '--scenario', 'cort', '--metric', 'rss.max'), /no scenario "cort"/);
  t.match(refused('--good', 'v1', '--bad', 'main', '--scenario', 'cart', '--metric', 'rss.mux'), /no metric "rss.mux"/);
});
