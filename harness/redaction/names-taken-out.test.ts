import t from 'tap';
import { refuseTakenOut } from './names-taken-out.ts';
import { Redactor } from './redactor.ts';

t.test('a command that was copied from a report says what to set', (t) => {
  const redactor = new Redactor({});
  for (const [command, names] of [
    ['DB_PASSWORD=hunter2x9 STRIPE_KEY=sk_live_4eC39HqLyjWDarjtT1zdp7dc node s.js', 'DB_PASSWORD, STRIPE_KEY were'],
    ['node l.js {port} --token abcd1234efgh', 'token was'],
    [`node l.js -H 'Authorization: Bearer zzTopSecret1234'`, 'Authorization was'],
    [`API_TOKEN='a b c d' node l.js`, 'API_TOKEN was'],
    ['curl http://bob:pw5ecret9@127.0.0.1/', 'the password of bob was'],
    ['node sk_live_4eC39HqLyjWDarjtT1zdp7dc', 'A secret was'],
  ] as const) {
    const error = { code: 'option-invalid', message: `--load: ${names} taken out: set it` };
    t.throws(() => refuseTakenOut('--load', redactor.text(command)), error);
    refuseTakenOut('--load', command);
  }
  t.throws(() => refuseTakenOut('--target', '*REDACTED*'), { message: '--target: A secret was taken out: set it' });
  refuseTakenOut('--target', undefined);
  t.end();
});
