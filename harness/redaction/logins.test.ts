import t from 'tap';
import { withoutLogins } from './logins.ts';
import { Redactor } from './redactor.ts';

t.test('name and password behind the options of programs that make a load', (t) => {
  const redactor = new Redactor({});
  for (const [command, secret] of [
    ['curl --proxy-user me:ProxyPw9911 http://a/', 'ProxyPw9911'],
    ['curl -U me:proxypass http://a/', 'proxypass'],
    ["curl -U 'me:proxypass' http://a/", 'proxypass'],
    ['curl -E client.pem:certpass http://a/', 'certpass'],
    ['curl --cert client.pem:CertPw7711x http://a/', 'CertPw7711x'],
    ['curl --proxy-cert=client.pem:certpass http://a/', 'certpass'],
    ['ab -A me:letmein -n 100 http://a/', 'letmein'],
    ['ab -P me:letmein -n 100 http://a/', 'letmein'],
    ['hey -a me:letmein http://a/', 'letmein'],
    ['http -a me:letmein http://a/', 'letmein'],
    ['loader --login me:LoginPw7711', 'LoginPw7711'],
    ['loader --whoever me:LoginPw7711', 'LoginPw7711'],
    ['loader --key KeyTok7711xx', 'KeyTok7711xx'],
  ] as const) {
    const shown = redactor.text(command);
    t.notMatch(shown, secret, shown);
    t.equal(shown.replaceAll('*REDACTED*', secret), command, 'and nothing else is taken out');
    const words = command.replaceAll("'", '').split(' ');
    t.notMatch(redactor.value(words).join(' '), secret, `word by word: ${command}`);
    const knows = redactor.knowing([command]).text(`it says ${secret}!`);
    if (/\d/.test(secret)) t.notMatch(knows, secret, 'it is known wherever else it stands');
  }
  t.end();
});

t.test('what has a colon and is no login stays', (t) => {
  for (const command of [
    'node s.js --listen localhost:8080 --bind 0.0.0.0:80 -p 8080:80',
    'docker run -u 1000:1000 -v /a:/b --image node:20-alpine --add-host db:10.0.0.1',
    'rsync -a host:/var/lib --url http://a:8080/x --at 10:30 --key client.pem --key name',
    'node --import node:test --test-reporter=spec:stdout -H X-Trace:abcDEF123',
    'floodgate run --metric share:parse --budget bytes:JSON.parse=1MB',
    'floodgate enqueue --base npm:shop@1.0.0 --image sha256:0a1b2c3d4e5f60718293a4b5',
  ])
    t.equal(withoutLogins(command), command);
  t.end();
});
