/** A service in a repository of its own, signed off by the command line: what is judged of it, and what is run again. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { outcomeOf, startIn, workplace } from './cli-trial.ts';

// Nothing here is about how long it takes, on however busy a machine.
t.setTimeout(1_200_000);

const server = `const { createServer } = require('node:http');
function page(url) {
  return Array.from({ length: 300 }, (_, row) => ({ row, name: url + row }));
}
createServer((request, response) => response.end(JSON.stringify(page(request.url)))).listen(Number(process.env.PORT));
`;

const load = `const [port, count] = process.argv.slice(2);
for (let i = 0; i < Number(count); i += 1) await (await fetch('http://127.0.0.1:' + port + '/cart/' + i)).text();
`;

/** @param config of the one scenario, its budgets and thresholds, in YAML */
function serviceIn(t: Test, config: string) {
  const { folder, temporary } = workplace(t);
  const shop = path.join(folder, 'shop');
  mkdirSync(path.join(shop, 'src'), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(path.join(shop, name), text);
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=anna', '-c', 'user.email=anna@shop.example', ...words], { cwd: shop });
  const commit = (tag: string) => {
    git('add', '.');
    git('commit', '--quiet', '--allow-empty', '--message', tag);
    git('tag', tag);
  };
  git('init', '--quiet');
  write('.gitignore', '.floodgate\nruns\n');
  write('src/server.js', server);
  write('load.mjs', load);
  write('floodgate.config.yaml', `targets: { shop: { command: node src/server.js } }\nstore: false\n${config}`);
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', path.join(folder, 'release.key')]);
  execFileSync('openssl', ['pkey', '-in', '../release.key', '-pubout', '-out', '../release.pub'], { cwd: shop });
  const floodgate = (...words: string[]) => outcomeOf(startIn(shop, words, temporary));
  return { shop, folder, write, commit, floodgate };
}

t.test('limits by call site are held against the paths of the project', async (t) => {
  const limits = "'bytes:src/*.js': 1 GB, 'share:src/server.js#page': 1 %, 'bytes:.floodgate/**': 1 GB";
  const scenario = "name: cart, load: 'node load.mjs {port} 300', idle: 50ms, recover: 50ms";
  const { shop, commit, floodgate } = serviceIn(t, `scenarios: [{ ${scenario}, budgets: { ${limits} } }]\n`);
  commit('v1');
  const made = await floodgate('signoff', '--release', 'v1', '--candidate', 'v1', '--no-pdf');
  t.equal(made.code, 1, made.out + made.err);
  const { scenarios } = JSON.parse(readFileSync(path.join(shop, 'runs/signoff-v1/signoff.json'), 'utf8'));
  const states = scenarios[0].runs[0].budgets.map(({ name, state }: { name: string; state: string }) => [name, state]);
  const [inFile, ofFunction, ofCheckout] = ['bytes:src/*.js', 'share:src/server.js#page', 'bytes:.floodgate/**'];
  t.same(Object.fromEntries(states), { [inFile]: 'pass', [ofFunction]: 'over', [ofCheckout]: 'notMeasured' });
});
