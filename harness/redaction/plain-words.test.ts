import t from 'tap';
import { Redactor } from './redactor.ts';

const environment = {
  DB_PASSWORD: 'postgres',
  JWT_SECRET: 'allocated',
  SECRET_KEY: 'requests',
  A_SECRET: 'base',
  NPM_TOKEN: 'npm_Ab12cd34Ef56gh78Ij90kl12Mn34op56Qr78',
  APP_SECRET: 'xkcdvbnmqw',
  LONG_PASSWORD: 'horsebatterystaple',
  OTHER_SECRET: 'cart-checkout-v2',
};
const redactor = new Redactor(environment).knowing([], ['cart-checkout-v2']);

t.test('a word that is a password too stays where it is a word', (t) => {
  for (const text of [
    '1 of 1 scenarios over budget: postgres',
    'FAIL postgres: rss.max 12 MB of 10 MB allowed',
    'allocated.perRequest 13 kB of 90 kB',
    'not measured in every run of base: 12 requests',
    "const { allocated } = require('./requests');",
    'src/postgres/requests.js:12',
    'runs/gate/postgres/report.html',
    'connected to postgres as postgres',
    'floodgate gate --only postgres',
    'cart-checkout-v2: 1 of 2',
  ])
    t.equal(redactor.text(text), text);
  const report = { scenario: { name: 'postgres' }, figures: { 'allocated.perRequest': 1, requests: ['base', 2] } };
  t.same(redactor.value(report), report, 'names and keys of a report stay');
  t.end();
});

t.test('and goes where it is a value', (t) => {
  for (const [text, wanted] of [
    ['DB_PASSWORD=postgres node s.js', 'DB_PASSWORD=*REDACTED* node s.js'],
    ['X=postgres node s.js', 'X=*REDACTED* node s.js'],
    ['loader --password postgres', 'loader --password *REDACTED*'],
    ['psql -W postgres', 'psql -W *REDACTED*'],
    ['postgres://shop:postgres@db/shop', 'postgres://shop:*REDACTED*@db/shop'],
    ['me:allocated', 'me:*REDACTED*'],
    [Buffer.from('me:postgres').toString('base64'), /^bW\*REDACTED\*/],
  ] as const) {
    const shown = redactor.text(text);
    if (typeof wanted === 'string') t.equal(shown, wanted);
    else t.not(shown, text);
  }
  t.end();
});

t.test('what is no word goes wherever it stands', (t) => {
  for (const secret of [environment.NPM_TOKEN, environment.APP_SECRET, environment.LONG_PASSWORD])
    t.equal(redactor.text(`it says ${secret}, twice`), 'it says *REDACTED*, twice', secret);
  t.equal(new Redactor(environment).text('it says cart-checkout-v2'), 'it says *REDACTED*', 'no name of the project');
  t.end();
});
