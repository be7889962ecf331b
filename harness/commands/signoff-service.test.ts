/** A service in a repository of its own, signed off by the command line: what is judged of it, and what is run again. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

t.test('the load that was run is in the bundle by its digest, and no other is run again', async (t) => {
  const scenario = "name: cart, load: 'node load.mjs {port} 300', idle: 50ms, recover: 50ms";
  const { shop, folder, write, commit, floodgate } = serviceIn(
    t,
    `scenarios: [{ ${scenario} }]\nbudgets: { rss.max: 2 GB }\nthresholds: { requests.failed: 1 % }\n`,
  );
  // What no reading of its text finds.
  const joined = "readFileSync(join(import.meta.dirname, 'seed.json'))";
  const imports = "import { readFileSync } from 'node:fs';\nimport { join } from 'node:path';\n";
  write(
    'load.mjs',
    `${imports}${joined};\nimport { paths } from './paths.mjs';\n${load.replace("'/cart/' + i", 'paths(i)')}`,
  );
  write('seed.json', '1');
  write('paths.mjs', "export const paths = (i) => '/cart/' + i;\n");
  commit('v1');
  const changed = "export const paths = () => '/';\n";
  write('paths.mjs', changed);
  write('seed.json', '2');
  const key = ['--key', '../release.pub'];
  const versions = ['--release', 'v2', '--candidate', 'v1', '--previous', 'v1', '--against-itself'];
  const made = await floodgate('signoff', ...versions, '--key', '../release.key', '--no-pdf');
  t.equal(made.code, 0, made.out + made.err);
  t.match(made.out, /note: It was driven by what is not as the candidate has it: paths\.mjs \(not committed\)\./);
  t.match(
    made.out,
    /note: The working folder had what no commit has: paths\.mjs \(changed\), seed\.json \(changed\)\./,
  );
  const { inputs } = JSON.parse(readFileSync(path.join(shop, 'runs/signoff-v2/signoff.json'), 'utf8'));
  t.match(inputs, [
    { name: 'load.mjs', role: 'load', from: 'candidate' },
    { name: 'paths.mjs', role: 'load', from: 'working folder', bytes: changed.length },
    { name: 'floodgate.config.yaml', role: 'definition', from: 'candidate' },
  ]);
  t.equal((await floodgate('verify', 'runs/signoff-v2', ...key, '--candidate', 'v1')).code, 1, 'compared with itself');
  writeFileSync(path.join(folder, 'any.yaml'), 'compared: false\n');
  t.equal((await floodgate('verify', 'runs/signoff-v2', ...key, '--policy', '../any.yaml')).code, 0);
  writeFileSync(path.join(folder, 'clean.yaml'), 'compared: false\nclean: true\n');
  const unclean = await floodgate('verify', 'runs/signoff-v2', ...key, '--policy', '../clean.yaml');
  t.match([unclean.code, unclean.out], [1, /✗ not-clean: not as the candidate’s commit has it: paths\.mjs \(not com/]);
  t.match(unclean.out, /✗ not-clean: no commit has this of the working folder: paths\.mjs .*, seed\.json \(changed\)/);
  const again = () => floodgate('rerun', 'runs/signoff-v2', ...key, '--candidate', 'v1');
  const same = await again();
  t.equal(same.code, 0, same.out + same.err);
  t.notMatch(same.err, /not as in the working folder/);
  write('seed.json', '3');
  write('src/more.js', '');
  t.match((await again()).err, /^not as in the working folder that it was signed off in: seed\.json \(another\)\./m);
  const sha256 = inputs[1].sha256;
  const wanted = new RegExp(`The load is no part of the bundle: put paths\\.mjs there, sha256 ${sha256}`);
  for (const [other, why] of [
    ["export const paths = (i) => '/cart/' + i;\n", /shop\/paths\.mjs is another load/],
    [undefined, /shop\/paths\.mjs does not exist/],
  ] as const) {
    if (other === undefined) rmSync(path.join(shop, 'paths.mjs'));
    else write('paths.mjs', other);
    const refused = await again();
    t.equal(refused.code, 2, refused.out);
    t.match(refused.err, why);
    t.match(refused.err, wanted);
    t.notMatch(refused.err, /lane/, 'nothing was run');
  }
  write('paths.mjs', changed);
  write('load.mjs', `import './more.mjs';\n${readFileSync(path.join(shop, 'load.mjs'), 'utf8')}`);
  t.match((await again()).err, /shop\/load\.mjs is another load/);
});

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
