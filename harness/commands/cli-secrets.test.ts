/** Secrets of command lines, through the real program: none is in a report, a log, the history, a name, or on the terminal. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { type Outcome, outcomeOf, startIn } from './cli-trial.ts';

t.setTimeout(900_000);
// Ours stores nothing, and holds no secret that the trial does not name.
delete process.env.FLOODGATE_STORE;

/** Each as a program sees it, and as its command spells it. */
const secrets = {
  glued: ['hunter2x9k77', `DB_PASSWORD=hunter2x9'k'77`],
  quoted: ['with "quotes" in-8814', `ODD_SECRET='with "quotes" in-8814'`],
  shaped: ['sk_live_4eC39HqLyjWDarjtT1zdp7dc', 'STRIPE_KEY=sk_live_4eC39HqLyjWDarjtT1zdp7dc'],
  address: ['uRl/pw-77421x', 'DATABASE_URL=postgres://bob:uRl%2Fpw-77421x@db/shop'],
  option: ['k3y-99abc-zz', '--api-key=k3y-99abc-zz'],
  spaced: ['ab-71xq cd-82wz', `--session-secret 'ab-71xq cd-82wz'`],
  nested: ['n3sted-token-4410', `sh -c "INNER_TOKEN=n3sted-token-4410 node load.js {port}`],
  behind: ['abcd1234efgh', '--token abcd1234efgh'],
  header: ['zzTop.Secret-1234', `-H 'Authorization: Bearer zzTop.Secret-1234'`],
  login: ['Pw_in_url99', 'http://u:Pw_in_url99@127.0.0.1/'],
  query: ['q-tok-8812x', `'http://127.0.0.1/?access_token=q-tok-8812x'`],
  environment: ['env-only-token-3391', ''],
} as const;
const spelled = (...names: (keyof typeof secrets)[]) => names.map((name) => secrets[name][1]).join(' ');

/** It says all that it knows, in many spellings, and dies where it is asked to. */
const server = `
const known = [...process.argv.slice(2), ...['DB_PASSWORD', 'ODD_SECRET', 'STRIPE_KEY', 'DATABASE_URL', 'PAYMENT_TOKEN'].map((name) => process.env[name])];
const say = (print) => known.forEach((each) => print('says', each, JSON.stringify(JSON.stringify(each)), Buffer.from('me:' + each).toString('base64'), encodeURIComponent(each)));
say(console.log);
require('http').createServer((request, response) => {
  if (request.url === '/die') { say(console.error); process.exit(3); }
  response.end('x'.repeat(100));
}).listen(process.env.PORT);
`;
const load = `
console.log(process.argv.slice(3).join(' '), JSON.stringify(process.argv), process.env.INNER_TOKEN);
const { LAST = '/', COUNT = 200 } = process.env;
const get = (path) => fetch('http://127.0.0.1:' + process.argv[2] + path).then((response) => response.text());
for (let i = 0; i < COUNT; i += 1) await get('/');
await get(LAST).catch(() => {});
if (process.env.FAILS) process.exit(5);
`;

const target = `env ${spelled('glued', 'quoted', 'shaped', 'address')} node server.js ${spelled('option', 'spaced')}`;
const loads = {
  whole: `node load.mjs {port} ${spelled('behind', 'header', 'login', 'query')}`,
  nested: `${spelled('nested').replace('load.js', 'load.mjs')}"`,
  deadly: `LAST=/die node load.mjs {port} ${spelled('behind')}`,
  failing: `FAILS=1 COUNT=1 node load.mjs {port} ${spelled('behind', 'login')}`,
};
const short = ['--idle', '100ms', '--recover', '100ms'];

function project(t: Test): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'shop-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'tmp'));
  writeFileSync(path.join(folder, 'server.js'), server);
  writeFileSync(path.join(folder, 'load.mjs'), load);
  const scenarios = (['whole', 'nested', 'deadly'] as const).map((name) => {
    return { name, load: loads[name], idle: '100 ms', recover: '100 ms' };
  });
  const config = { targets: { shop: { command: target } }, scenarios, budgets: { 'rss.max': '1 MB' } };
  writeFileSync(path.join(folder, 'floodgate.config.yaml'), JSON.stringify(config));
  return folder;
}

/** Ours: they hold what the commands of a configuration are made of. */
const given = ['server.js', 'load.mjs', 'floodgate.config.yaml'];

/** @returns every text that stands in a folder, by its file; profiles are not looked at (docs/project.md) */
function textsIn(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !given.includes(path.relative(folder, file)) && !file.endsWith('.pb.gz'));
  return new Map(names.map((file) => [file, file.endsWith('.db') ? databaseText(file) : readFileSync(file, 'utf8')]));
}

function databaseText(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
    const values = tables.flatMap(({ name }) =>
      database
        .prepare(`select * from "${name}"`)
        .all()
        .flatMap((row) => Object.values(row)),
    );
    return values.map((each) => (each instanceof Uint8Array ? bytesText(Buffer.from(each)) : String(each))).join('\n');
  } finally {
    database.close();
  }
}

const bytesText = (bytes: Buffer): string =>
  (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');

/** As it stands, without escapes, and what its base64 says. */
function readingsOf(text: string): string[] {
  const plain = text
    .replaceAll(/\\+(?=["'])/g, '')
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  const decoded = [...text.matchAll(/[A-Za-z0-9+/_-]{12,}={0,2}/g)].flatMap(([run]) =>
    [0, 1, 2, 3].map((from) => bytesOf(run.slice(from))),
  );
  return [text, plain, decoded.join('\n')];
}

function bytesOf(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  try {
    return bytesText(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

/** With halves of those that have several words. */
const lookedFor = Object.entries(secrets).flatMap(([name, [value]]) =>
  [value, ...(name === 'spaced' ? value.split(' ') : [])].map((each) => [name, each] as const),
);

function holdsNone(t: Test, folder: string, outcomes: readonly Outcome[]): void {
  const texts = textsIn(folder);
  for (const [at, { out, err }] of outcomes.entries()) texts.set(`terminal of ${at}`, `${out}\n${err}`);
  t.ok(texts.size > 20, `${texts.size} texts`);
  for (const [file, text] of texts) {
    const readings = readingsOf(text);
    for (const [name, secret] of lookedFor) {
      if (file.includes(secret)) t.fail(`the ${name} one is in the name of ${file}`);
      const reading = readings.find((each) => each.includes(secret));
      if (reading === undefined) continue;
      const place = reading.indexOf(secret);
      t.fail(`${file} holds the ${name} one: …${reading.slice(Math.max(0, place - 60), place + secret.length + 10)}…`);
    }
  }
}

t.test('no secret of a command line is in what a gate and a run leave', async (t) => {
  const folder = project(t);
  process.env.PAYMENT_TOKEN = secrets.environment[0];
  t.teardown(() => delete process.env.PAYMENT_TOKEN);
  const floodgate = (...words: string[]) => outcomeOf(startIn(folder, words, path.join(folder, 'tmp')));
  const gate = await floodgate('gate', '--out', 'out');
  t.equal(gate.code, 1, gate.err);
  const run = (load: string, ...more: string[]) =>
    floodgate('run', '--target', target, '--load', load, ...short, ...more);
  const plain = await run(loads.whole, '--no-explain', '--keep-measurement');
  t.equal(plain.code, 0, plain.err);
  const failing = await run(loads.failing, '--no-explain');
  t.match(failing, { code: 2, err: /the load failed/ });
  const absent = await floodgate(
    'run',
    '--target',
    target.replace('server.js', 'absent.js'),
    '--load',
    loads.whole,
    ...short,
  );
  t.match(absent, { code: 2, err: /ended before it was ready/ });
  holdsNone(t, folder, [gate, plain, failing, absent]);

  const [first = ''] = readdirSync(path.join(folder, 'runs')).sort();
  t.match(first, /^\d+T\d+-node-server-js$/, 'a name is made of the program and its files');
  const report = JSON.parse(readFileSync(path.join(folder, 'runs', first, 'report.json'), 'utf8'));
  t.equal(report.scenario.name, 'node-server-js');
  t.match(report.command, /DB_PASSWORD=\*REDACTED\* .*node server\.js --api-key=\*REDACTED\*/, 'the rest stays');
  t.match(readFileSync(path.join(folder, 'out', 'deadly', 'report.txt'), 'utf8'), /target: says \*REDACTED\*/);

  const again = await floodgate(
    'run',
    '--target',
    report.scenario.options.target,
    '--load',
    report.scenario.options.load,
  );
  t.match(again, {
    code: 2,
    err: /DB_PASSWORD, ODD_SECRET, STRIPE_KEY, the password of bob, api-key, session-secret were taken out: set it/,
  });
});
