import t from 'tap';
import { withoutQuotedCredentials } from './header-values.ts';
import { Redactor } from './redactor.ts';

const secret = 'Zq7Kx9mP2';
const redactor = new Redactor({});

t.test('nothing of a value with quotes stays, whatever its scheme and the quotes around it', (t) => {
  for (const name of ['Authorization', 'proxy-authorization']) {
    for (const value of [
      `Digest username="u", response="${secret}"`,
      `Basic "${secret}"`,
      `Made-Up x='u', y="${secret}"`,
    ]) {
      const escaped = value.replaceAll('"', String.raw`\"`);
      const texts = [
        `${name}: ${value}`,
        `GET / HTTP/1.1\r\n${name}: ${value}\r\nHost: shop`,
        `node load.mjs -H "${name}: ${escaped}" --rate 5`,
        `sh -c "node load.mjs -H \\"${name}: ${escaped.replaceAll('\\', '\\\\\\')}\\" --rate 5"`,
        `node load.mjs -H ${name}:\\ ${value.replaceAll(/[ "']/g, String.raw`\$&`)} --rate 5`,
        `{"${name}":"${escaped}","rate":5}`,
      ];
      if (!value.includes("'"))
        texts.push(`node load.mjs -H '${name}: ${value}' --rate 5`, `curl -H'${name}: ${value}' http://shop`);
      for (const text of texts) {
        const shown = redactor.text(text);
        t.notOk(shown.includes(secret) || /username|Made-Up|\bu\b/.test(shown), `${text} -> ${shown}`);
        t.equal(redactor.text(shown), shown, 'once is enough');
      }
    }
  }
  for (const glued of [`"Authorization: Bearer "'${secret}'`, `'Authorization: Bearer '"${secret}"`])
    t.notOk(redactor.text(`node load.mjs -H ${glued} --rate 5`).includes(secret), glued);
  t.end();
});

t.test('what stands around the header stays', (t) => {
  t.equal(
    redactor.text(`node load.mjs -H 'Authorization: Basic "${secret}"' -H 'Accept: "x"' --rate 5`),
    `node load.mjs -H 'Authorization: *REDACTED*' -H 'Accept: "x"' --rate 5`,
  );
  t.equal(redactor.text(`Authorization: Basic "${secret}"\nHost: shop`), 'Authorization: *REDACTED*\nHost: shop');
  for (const other of [
    "headers: { Authorization: 'x', Accept: 'y' }",
    'no "Authorization" here',
    'authorization.js: "a"',
  ])
    t.equal(withoutQuotedCredentials(other), other);
  t.end();
});
