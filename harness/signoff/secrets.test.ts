/** Secrets in the forms in which texts of a run hold them. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import t, { type Test } from 'tap';
import { FloodgateError } from '../../agent/errors.ts';
import { outcomeOf, startIn, workplace } from '../commands/cli-trial.ts';
import { Redactor } from '../redaction/redactor.ts';
import { shownCommand } from '../requests/shown-command.ts';
import { findSecret } from './find-secret.ts';
import { notRun } from './seal.ts';

// Nothing here is about how long it takes, on however busy a machine.
t.setTimeout(600_000);

t.test('values are found by the names of their variables, in every form', (t) => {
  const value = 'plain>words?of no~shape';
  const redactor = new Redactor({ GH_PAT: value, DB_PASSWORD: 'xk7q', NAME: 'innocent-words' });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  for (const form of [
    value,
    base64(value),
    base64(`x:${value}`),
    base64(`me:${value}`),
    Buffer.from(`me:${value}`).toString('base64url'),
    Buffer.from(value).toString('hex'),
    encodeURIComponent(value),
  ]) {
    const found = redactor.text(`cannot log in with ${form}, sorry`);
    t.notOk(found.includes(form.slice(4, -4)), `${form.length} characters: ${found}`);
    t.match(found, /^cannot log in with .*sorry$/);
  }
  t.equal(
    redactor.text('db://me:xk7q@host and xk7quite or src/xk7q.js'),
    'db://me:*REDACTED*@host and xk7quite or src/xk7q.js',
  );
  t.equal(redactor.text('GH_PAT=abc npm start by innocent-words'), 'GH_PAT=*REDACTED* npm start by innocent-words');
  t.same(redactor.value({ GH_PAT: 'abc', path: 'abc', lane: 'xk7q' }), {
    GH_PAT: '*REDACTED*',
    path: 'abc',
    lane: 'xk7q',
  });
  t.equal(
    findSecret('candidate.sha256', Buffer.from('0  xk7q\n'), redactor),
    undefined,
    'a short word may be there by chance',
  );
  t.end();
});

t.test('what signs, salts and seeds is secret in an environment; a number that a generator begins with is not', (t) => {
  const redactor = new Redactor({
    NPM_AUTH: 'auth-words-7x',
    SESSION_SALT: 'salt-words-5x',
    RANDOM_SEED: '12345678',
    SEED: 'tea-plant-seed',
  });
  t.equal(
    redactor.text('auth-words-7x salt-words-5x tea-plant-seed --seed 12345678'),
    '*REDACTED* *REDACTED* tea-plant-seed --seed 12345678',
  );
  t.equal(
    redactor.text('NPM_AUTH=abc SIGNING_SEED=x7y RANDOM_SEED=7 npm start --seed=7'),
    'NPM_AUTH=*REDACTED* SIGNING_SEED=*REDACTED* RANDOM_SEED=7 npm start --seed=7',
  );
  t.same(redactor.value({ seed: '7', salt: 'y' }), { seed: '7', salt: 'y' }, 'members of reports are called so');
  t.end();
});

t.test('the password of an address in a variable is secret by itself, unless it is a word of the address', (t) => {
  const redactor = new Redactor({
    DATABASE_URL: 'postgres://shop:v9-Kx7!q%40z@db.example:5432/shop?sslmode=require',
    BROKERS: 'amqp://a:rabbit-1x@one.example,amqp://b:short7@two.example',
    LOCAL_URL: 'postgres://postgres:postgres@localhost/test',
    DOCKER_URL: 'mysql://root:password@db/test',
    CACHE_URL: 'redis://:horsebattery@cache.example',
    HOME_PAGE: 'http://shop.example:8080/a:b@c',
  });
  for (const secret of ['v9-Kx7!q%40z', 'v9-Kx7!q@z', 'rabbit-1x', 'short7', 'horsebattery'])
    t.equal(redactor.text(`no login with ${secret}, sorry`), 'no login with *REDACTED*, sorry', secret);
  for (const plain of ['the postgres driver', 'a password is missing', 'at 8080/a:b', 'node horsebatterystaple.js'])
    t.equal(redactor.text(plain), plain);
  t.equal(new Redactor({}).text('no login with rabbit-1x'), 'no login with rabbit-1x');
  t.end();
});

t.test('names of variables that hold a key, or an address that whoever knows it may post to', (t) => {
  const names = ['STRIPE_SK', 'SLACK_WEBHOOK', 'SLACK_WEBHOOK_URL', 'TLS_CERT_KEY', 'LICENSE_KEY'];
  for (const name of names) {
    const value = `words-of-${name.length}-no/shape`;
    t.equal(new Redactor({ [name]: value }).text(`see ${value}, sorry`), 'see *REDACTED*, sorry', name);
  }
  for (const name of ['TASK', 'DISK', 'LICENSE', 'CERT_FILE'])
    t.equal(new Redactor({ [name]: 'innocent-words' }).text('see innocent-words'), 'see innocent-words', name);
  t.end();
});

t.test('a sentence about a program has no line break', (t) => {
  const failure = new FloodgateError('run-failed', 'a run ended with 2', {
    hint: 'floodgate: spawn x ENOENT\nCheck that "x" exists.\n',
  });
  const { headline } = notRun('load', failure, new Redactor({})).verdict;
  t.equal(headline, 'Not judged: a run ended with 2. floodgate: spawn x ENOENT. Check that "x" exists.');
  t.end();
});

t.test('values are found as a shell quotes them, and as URLs have them', (t) => {
  const value = 'ab\'cd ef/gh+ij?k"l*m';
  const redactor = new Redactor({ API_TOKEN: value });
  const lower = (text: string) => text.replaceAll(/%../g, (each) => each.toLowerCase());
  const url = encodeURIComponent(value);
  for (const form of [
    shownCommand([value]).slice('floodgate '.length),
    `'ab'"'"'cd ef/gh+ij?k"l*m'`,
    JSON.stringify(value),
    url,
    lower(url),
    url.replaceAll('%20', '+'),
    lower(url.replaceAll('%20', '+')),
    url.replace("'", '%27').replace('*', '%2A'),
    lower(url.replace("'", '%27').replace('*', '%2A')),
    String(new URLSearchParams({ value })).slice('value='.length),
    encodeURI(value),
    encodeURI(value).replaceAll('%20', '+'),
  ]) {
    const found = redactor.text(`see ${form}, sorry`);
    t.match(found, /^see ['"]?\*REDACTED\*['"]?, sorry$/, form);
  }
  t.end();
});

t.test('values are found as programs dump and escape them, once and again', (t) => {
  const value = `ab'cd<ef>&"gh\\ij/kl=mn op`;
  const redactor = new Redactor({
    API_TOKEN: value,
    OLD_TOKEN: value.slice(0, 12),
    SIGNING_KEY: 'a-long-one'.repeat(90),
  });
  const html = (text: string) =>
    text.replaceAll(/[&<>"']/g, (mark) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[mark] ?? '&#39;');
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex').match(/../g)!;
  const units = (before: string) => hex.map((each) => `${before}${each}`).join('');
  for (const form of [
    JSON.stringify(JSON.stringify(value)).slice(3, -3),
    JSON.stringify(JSON.stringify(JSON.stringify(value))).slice(7, -7),
    html(value),
    html(html(value)),
    html(JSON.stringify(value).slice(1, -1)),
    encodeURIComponent(encodeURIComponent(value)),
    units('%').toUpperCase(),
    Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
    Array.from(bytes, (byte) => `\\\\0${byte.toString(8).padStart(3, '0')}`).join(''),
    html(value).replaceAll('=', '&equals;').replaceAll('/', '&sol;').replaceAll('\\', '&bsol;'),
    Array.from(value).join('\u001b[31m'),
    JSON.stringify(value.replace('=', '\u001b[1;32m=\u001b[0m')).slice(1, -1),
    units(String.raw`\x`),
    units(String.raw`\u00`),
    hex.join(':').toUpperCase(),
    hex.join(', 0x'),
    inspect(bytes).slice('<Buffer '.length, -1),
    bytes.toJSON().data.join(','),
    inspect(bytes.toJSON().data).slice(1, -1),
    bytes
      .toString('base64')
      .slice(0, Math.floor((bytes.length * 8) / 6))
      .replaceAll(/.{10}/g, '$&\n'),
  ]) {
    t.match(redactor.text(`see [${form}], sorry`), /^see \[\s*\*REDACTED\*\s*\], sorry$/, form);
  }
  t.equal(redactor.text(value.slice(0, 20)), `*REDACTED*${value.slice(12, 20)}`, 'the shorter of two');
  t.equal(redactor.text(`<${'a-long-one'.repeat(90)}>`), '<*REDACTED*>', 'a long one');
  t.end();
});

t.test('no half of a secret is left where a text is cut', (t) => {
  const redactor = new Redactor({ API_TOKEN: 'plain-words-of-no-shape' });
  const before = 'x '.repeat(995);
  const failure = new FloodgateError('load-failed', `${before}plain-words-of-no-shape`, { hint: 'Look.' });
  t.notMatch(notRun('load', failure, redactor).verdict.headline, /plain/);
  t.notMatch(redactor.text(`${before}plain-words-of`), /plain/, 'cut by whoever read it');
  t.end();
});

t.test('a header in a command takes along nothing but its own word', (t) => {
  const redactor = new Redactor({ SHOP_TOKEN: 'plain words of-no shape' });
  const key = 'Zq7Lm2Xw9Kp4Rt8Vb3Nc6Hd1';
  const cases: readonly (readonly [string, string])[] = [
    [`--header 'Authorization: Bearer ${key}' --tag 'a b'`, `--header 'Authorization: *REDACTED*' --tag 'a b'`],
    [
      `-H 'Authorization: Bearer ${key}' -H 'X-Trace: abc' -H 'Cookie: session=${key}; a=b' --end 1`,
      `-H 'Authorization: *REDACTED*' -H 'X-Trace: abc' -H 'Cookie: *REDACTED*' --end 1`,
    ],
    [
      String.raw`-H Authorization:\ Bearer\ ${key} --tail 'it'\''s'`,
      String.raw`-H Authorization:\ *REDACTED* --tail 'it'\''s'`,
    ],
    [`-H "Authorization: Bearer ${key}" --then more`, `-H "Authorization: *REDACTED*" --then more`],
    [`--header='X-Api-Key: ${key}'; true`, `--header='X-Api-Key: *REDACTED*'; true`],
    [`-H 'Cookie: a=plain words of-no shape' --end 1`, `-H 'Cookie: *REDACTED*' --end 1`],
    // Of what is no whole word nobody knows where it ends.
    [`-H 'Authorization: Bearer '${key} --end 1`, `-H 'Authorization: *REDACTED*`],
    [`it's 'Authorization: Bearer ${key}' here`, `it's 'Authorization: *REDACTED*`],
  ];
  for (const [text, plain] of cases) {
    t.equal(redactor.text(text), plain);
    t.equal(redactor.text(plain), plain, 'once more');
  }
  const [command = '', plain = ''] = cases[0]!;
  const line = (load: string) =>
    shownCommand(['run', '--target', './svc', '--load', `node load.mjs ${load}`, '--pps', '9']);
  t.equal(redactor.command(line(command)), line(plain));
  t.end();
});

t.test('what was taken out of one place is looked for in every other', (t) => {
  const key = 'Zq7Lm2Xw9Kp4Rt8Vb3Nc6Hd1';
  const knowing = (load: string) => new Redactor({}).knowing({ scenarios: [{ name: 'cart', load }] });
  for (const load of [
    `echo '${key}'; echo "Authorization: Bearer ${key}" | node load.mjs`,
    `node load.mjs ${key} -H 'Cookie: theme=dark; session=${key}; SameSite=Strict'`,
    `node load.mjs --user me:${key} ${key}`,
    String.raw`node load.mjs -H Authorization:\ Bearer\ ${key} ${key}`,
    `node load.mjs --db postgres://app:${key}@127.0.0.1/shop ${key}`,
    `node load.mjs -d '{"password":"${key}","n":3}' ${key}`,
    `API_TOKEN=${key} node load.mjs ${key}`,
  ]) {
    const redactor = knowing(load);
    t.notMatch(redactor.text(load), key.slice(4, -4), load);
    t.equal(redactor.text(`no login with ${key}, sorry`), 'no login with *REDACTED*, sorry', load);
    t.equal(redactor.text('SameSite of a dark theme, by Bearer'), 'SameSite of a dark theme, by Bearer');
    t.match(redactor.text(Buffer.from(`${key}-`).toString('base64')), /^\*REDACTED\*/);
  }
  const words = knowing(
    'node load.mjs --password letmein123 --key-file certs/prod-2024.pem --token-file config/token.json',
  );
  t.equal(words.text('login with letmein123 at /letmein123/a.js'), 'login with *REDACTED* at /letmein123/a.js');
  for (const name of ['certs/prod-2024.pem', 'config/token.json', 'src/letmein123.ts']) t.equal(words.path(name), name);
  for (const load of [
    'node load.mjs --password $SHOP_PASSWORD',
    'node load.mjs -H "Authorization: Bearer $(cat token-of-the-shop-17)"',
    'node load.mjs --secret ./run/shop-1a2b3c',
  ]) {
    const plain = 'SHOP_PASSWORD cat token-of-the-shop-17 ./run/shop-1a2b3c';
    t.equal(knowing(load).text(plain), plain, load);
  }
  t.end();
});

/** Signs off a small service by a configuration, and verifies it. @returns what a file of the bundle says */
async function signedOff(t: Test, configuration: string): Promise<(name: string) => string> {
  const { folder, temporary } = workplace(t);
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  write(
    'server.mjs',
    `import('node:http').then((all) => all.createServer((_, r) => r.end()).listen(process.env.PORT));`,
  );
  write('load.mjs', `for (let i = 0; i < 60; i += 1) await fetch('http://127.0.0.1:' + process.argv[2]);`);
  write('floodgate.config.yaml', `${configuration}\nbudgets: { rss.max: 1 GB }\n`);
  const words = ['signoff', '--release', 'v1', '--no-pdf', '--out', 'bundle'];
  const { code, err } = await outcomeOf(startIn(folder, words, temporary));
  t.equal(code, 0, err);
  const verified = await outcomeOf(startIn(folder, ['verify', 'bundle', '--allow-unsigned'], temporary));
  t.equal(verified.code, 0, verified.out);
  return (name) => readFileSync(path.join(folder, 'bundle', name), 'utf8');
}

const saying = ['signoff.json', 'project.json', 'signoff.html', 'runs/cart/load/report.json'];

t.test('a header in a command is taken out of it, and the bundle is verified', async (t) => {
  const read = await signedOff(
    t,
    `targets: { shop: { command: "node server.mjs -H 'X-Api-Key: k3y9xw82hqk3y9xw82hq' 7" } }
scenarios: [{ name: cart, load: "node load.mjs {port} --header 'Authorization: Bearer tok_AbCdEf0123456789' 60; echo tok_AbCdEf0123456789" }]`,
  );
  const { command, scenario } = JSON.parse(read('runs/cart/load/report.json'));
  t.match(
    command,
    "--header '\\''Authorization: *REDACTED*'\\'' 60; echo *REDACTED*' --budget rss.max=1GB --target-dir",
  );
  t.match(scenario.options, {
    target: "node server.mjs -H 'X-Api-Key: *REDACTED*' 7",
    load: "node load.mjs {port} --header 'Authorization: *REDACTED*' 60; echo *REDACTED*",
    budget: 'rss.max=1GB',
  });
  for (const name of saying) t.notMatch(read(name), /k3y9|tok_Ab/, name);
});

t.test('a password in an address of a target is noted as taken out', async (t) => {
  const read = await signedOff(
    t,
    `targets: { shop: { command: "node server.mjs --db postgres://app:Zq7Lm2Xw9Kp4@127.0.0.1:5432/shop" } }
scenarios: [{ name: cart, load: 'node load.mjs {port}' }]`,
  );
  const { notes } = JSON.parse(read('signoff.json'));
  t.ok(notes.some(({ text }: { text: string }) => text.startsWith('A secret was taken out of the command of cart')));
  for (const name of saying) t.notMatch(read(name), /Zq7Lm/, name);
});

t.test('a file whose name is a secret is refused before the first run', async (t) => {
  const { folder, temporary } = workplace(t);
  const shop = path.join(folder, 'shop');
  mkdirSync(shop);
  const write = (name: string, text: string) => writeFileSync(path.join(shop, name), text);
  write('ghp_0123456789abcdefghijABCDEFGHIJ012345.js', '');
  const started = path.join(folder, 'started');
  const target = `targets: { shop: { command: touch ${started} } }\n`;
  write('floodgate.config.yaml', `${target}scenarios: [{ name: cart, load: 'true' }]\nbudgets: { rss.max: 1 GB }\n`);
  const { code, err } = await outcomeOf(startIn(shop, ['signoff', '--release', 'v1', '--no-pdf'], temporary));
  t.equal(code, 2, err);
  t.match(err, /the name of a file of the candidate holds what looks like a secret: \*REDACTED\*\.js/);
  t.notOk(existsSync(started), 'nothing was measured');
});

const ordinaryNames = [
  'src/api-key/api-key.controller.ts',
  'src/token/token.service.spec.ts',
  'src/password/forgot-password.controller.ts',
  'src/password/PasswordResetForm.tsx',
  'src/session/session-middleware.ts',
  'app/otp/one-time-code.service.ts',
  'app/secret/rotate-secret.job.mjs',
  'app/[token]/page-v2.tsx',
  'dist/token/chunk-8f3a9c2be1d04f77.js',
  'docs/Bearer tokens-2.md',
  'svc/sf-pw/floodgate.config.mjs',
];

t.test('words of a path are names, whatever they call a secret; what has a secret’s own shape is found in it', (t) => {
  const redactor = new Redactor({ API_TOKEN: 'plain/words-of.no-shape' });
  const list = (name: string) => Buffer.from(`${'0'.repeat(64)}  ${name}\n`);
  const found = (name: string) => findSecret('candidate.sha256', list(name), redactor);
  for (const name of ordinaryNames) {
    t.equal(found(name), undefined, name);
    if (name.includes(' ')) continue;
    for (const text of [name, `at file:///srv/${name}:12:5`, `run (${name}:12) on`, `node ${name} --port 7`])
      t.equal(redactor.text(text), text);
    t.same(redactor.value({ [name]: 'its text', sites: [{ file: name }] }), {
      [name]: 'its text',
      sites: [{ file: name }],
    });
  }
  const folder = '--out /srv/sf-pw/the-shop-of-the-example/.floodgate/signoff-123456/runs/cart/load';
  t.equal(redactor.text(folder), folder);
  t.equal(redactor.text('token.service.ts:21 #audit'), 'token.service.ts:21 #audit');
  const key = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
  t.equal(found(`src/token/${key}.ts`), 'src/token/*REDACTED*.ts');
  t.equal(found('src/plain/words-of.no-shape/a.ts'), 'src/*REDACTED*/a.ts');
  t.match(redactor.text(`src/token/${key}.ts:12`), /^src\/token\/\*REDACTED\*/);
  for (const text of ['GET /reset/8f3a9c2be1d0', 'https://a.example/token/one-two-three-four-five-six'])
    t.match(redactor.text(text), /\/\*REDACTED\*$/, text);
  t.end();
});

t.test('a project of such names is signed off, in a folder of such a name', async (t) => {
  const { folder, temporary } = workplace(t);
  const shop = path.join(folder, 'sf-pw', 'the-shop-of-the-example');
  for (const name of ordinaryNames) {
    mkdirSync(path.dirname(path.join(shop, name)), { recursive: true });
    writeFileSync(path.join(shop, name), '');
  }
  const service = `
    import { createServer } from 'node:http';
    const kept = [];
    createServer((_, response) => response.end(kept.push(Buffer.alloc(2_000, 1).toString('latin1')) + '')).listen(process.env.PORT);`;
  writeFileSync(path.join(shop, 'src/session/session-middleware.mjs'), service);
  const load = `for (let i = 0; i < 60; i += 1) await fetch('http://127.0.0.1:' + process.argv[2]);`;
  writeFileSync(path.join(shop, 'src/token/token-refresh-load-1.mjs'), load);
  writeFileSync(
    path.join(shop, 'floodgate.config.yaml'),
    `targets: { shop: { command: node src/session/session-middleware.mjs } }
scenarios: [{ name: cart, load: 'node src/token/token-refresh-load-1.mjs {port}' }]
budgets: { rss.max: 1 GB }\n`,
  );
  const words = ['signoff', '--release', 'v1', '--no-pdf', '--out', 'bundle'];
  const { code, err } = await outcomeOf(startIn(shop, words, temporary));
  t.equal(code, 0, err);
  const verified = await outcomeOf(startIn(shop, ['verify', 'bundle', '--allow-unsigned'], temporary));
  t.equal(verified.code, 0, verified.out);
  for (const name of ['signoff.html', 'project.json', 'runs/cart/load/report.json', 'runs/cart/load/measurement.json'])
    t.notMatch(readFileSync(path.join(shop, 'bundle', name), 'utf8'), /REDACTED/, name);
});

t.test('what opens the key is in no environment of a build, a target or a project’s own configuration', async (t) => {
  const { folder, temporary } = workplace(t);
  const shop = path.join(folder, 'shop');
  mkdirSync(shop);
  const key = path.join(folder, 'release.key');
  const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' } as const;
  writeFileSync(key, generateKeyPairSync('ed25519').privateKey.export(cipher));
  const seen = (name: string) => path.join(folder, `${name}.json`);
  const write = (name: string, more = '') =>
    `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(seen(name))}, JSON.stringify(process.env));\n${more}`;
  writeFileSync(path.join(shop, 'build.mjs'), write('build'));
  writeFileSync(path.join(shop, 'server.mjs'), write('target'));
  const config = `export default { build: 'node build.mjs', targets: { shop: { command: 'node server.mjs' } },
    scenarios: [{ name: 'cart', load: 'true' }], budgets: { 'rss.max': '1 GB' } };`;
  writeFileSync(path.join(shop, 'floodgate.config.mjs'), write('project', config));
  process.env.FLOODGATE_KEY_PASSPHRASE = 'open sesame';
  const words = ['signoff', '--release', 'v1', '--key', key, '--no-pdf'];
  const child = startIn(shop, words, temporary);
  delete process.env.FLOODGATE_KEY_PASSPHRASE;
  const { err, out } = await outcomeOf(child);
  t.match(out, /signed: key/, err);
  for (const name of ['build', 'target', 'project']) t.notMatch(readFileSync(seen(name), 'utf8'), 'sesame', name);
});

t.test('what a target printed before it died is redacted in its report, and in the bundle', async (t) => {
  const { folder, temporary } = workplace(t);
  const target = `
    import { createServer } from 'node:http';
    createServer(({ url }, response) => {
      if (url !== '/die') return response.end();
      console.error('cannot log in with ' + process.env.SHOP_PASSWORD + ' or ghp_0123456789abcdefghijABCDEFGHIJ012345');
      process.exit(7);
    }).listen(process.env.PORT);`;
  const load = `await fetch('http://127.0.0.1:' + process.argv[2] + '/die').catch(() => {});`;
  writeFileSync(path.join(folder, 'load.mjs'), load);
  writeFileSync(path.join(folder, 'server.mjs'), target);
  const config = `targets: { shop: { command: node server.mjs } }\nscenarios: [{ name: cart, load: 'node load.mjs {port}' }]\nbudgets: { rss.max: 1 GB }\n`;
  writeFileSync(path.join(folder, 'floodgate.config.yaml'), config);
  process.env.SHOP_PASSWORD = 'plain-words-of-no-shape';
  t.teardown(() => void delete process.env.SHOP_PASSWORD);
  const ran = [
    'run',
    '--target',
    'node server.mjs',
    '--load',
    'node load.mjs {port}',
    '--budget',
    'rss.max=1GB',
    '--out',
    'out',
  ];
  for (const [words, report] of [
    [ran, 'out/report.json'],
    [['signoff', '--release', 'v1', '--no-pdf', '--out', 'bundle'], 'bundle/runs/cart/load/report.json'],
  ] as const) {
    const { err } = await outcomeOf(startIn(folder, words, temporary));
    const text = readFileSync(path.join(folder, report), 'utf8');
    t.match(text, 'cannot log in with *REDACTED* or *REDACTED*', err);
    t.notMatch(text, /plain-words|ghp_/);
  }
});
