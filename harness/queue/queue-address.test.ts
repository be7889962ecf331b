import t from 'tap';
import { parseQueueAddress, shownQueue } from './queue-address.ts';
import { queueFault } from './queue-fault.ts';

const secret = 'hush';

t.test('addresses, and what of them may be shown', async (t) => {
  const cases: [string, object, string][] = [
    ['redis://h', { host: 'h', port: 6379, database: 0, isEncrypted: false }, 'redis://h:6379'],
    [`redis://:${secret}@h:7/3`, { host: 'h', port: 7, database: 3, password: secret }, 'redis://h:7, database 3'],
    [`rediss://u:hu%2Fsh@h`, { username: 'u', password: 'hu/sh', isEncrypted: true }, 'rediss://h:6379'],
    ['redis://[::1]:9', { host: '::1', port: 9 }, 'redis://[::1]:9'],
    ['unix:///run/r.sock', { path: '/run/r.sock', database: 0 }, 'unix:///run/r.sock'],
    ['/run/r.sock', { path: '/run/r.sock' }, 'unix:///run/r.sock'],
    [
      `unix:///r?db=2&username=u&password=${secret}`,
      { path: '/r', database: 2, username: 'u', password: secret },
      'unix:///r, database 2',
    ],
  ];
  for (const [text, expected, shown] of cases) {
    const address = parseQueueAddress(text);
    t.match(address, expected, text);
    t.equal(shownQueue(address), shown);
  }
  t.notOk('password' in parseQueueAddress('redis://h'));
});

t.test('what is no address is refused, and not repeated: it may hold a password', async (t) => {
  const texts = [
    `http://u:${secret}@h`,
    `redis://:${secret}@`,
    `${secret}`,
    `redis://u:${secret}%@h`,
    `redis://${secret}@h/zero`,
    `unix://${secret}`,
  ];
  for (const text of texts) {
    t.throws(() => parseQueueAddress(text), { code: 'queue-invalid' }, text);
    try {
      parseQueueAddress(text);
    } catch (error) {
      t.notMatch(`${(error as Error).message} ${(error as { hint: string }).hint}`, secret);
    }
  }
});

t.test('what a server says, in words for the operator', async (t) => {
  const address = parseQueueAddress(`redis://u:${secret}@h`);
  const said = (message: string, more: object = {}) => queueFault(address, Object.assign(new Error(message), more));
  const command = { command: { name: 'auth', args: ['u', secret] } };
  const cases: [unknown, string][] = [
    [said('NOAUTH Authentication required.'), 'queue-refused'],
    [said('WRONGPASS invalid username-password pair or user is disabled.', command), 'queue-refused'],
    [said("OOM command not allowed when used memory > 'maxmemory'."), 'queue-full'],
    [said("READONLY You can't write against a read only replica."), 'queue-unwritable'],
    [said('connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED' }), 'queue-unreachable'],
    [said('Connection is closed.'), 'queue-unreachable'],
  ];
  for (const [error, code] of cases) {
    t.match(error, { code, message: /^the queue at redis:\/\/h:6379 cannot be used: / });
    t.notMatch(JSON.stringify(error), secret);
    t.equal((error as Error).cause, undefined);
  }
  t.match(said('Connection is closed.'), { hint: /rediss:\/\/ where it wants TLS/ });
  const secured = (message: string) => queueFault(parseQueueAddress('rediss://h'), new Error(message));
  t.match(secured('self-signed certificate'), { code: 'queue-unreachable', hint: /NODE_EXTRA_CA_CERTS=FILE/ });
  t.match(secured('Connection is closed.'), { hint: /redis:\/\/ where it has no TLS/ });
  const mistake = new TypeError('x is not a function');
  t.equal(queueFault(address, mistake), mistake);
});
