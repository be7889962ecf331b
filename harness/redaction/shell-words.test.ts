import t from 'tap';
import { Redactor } from './redactor.ts';
import { withGluedWords } from './shell-words.ts';

t.test('a word of several parts is one word, and goes as one', (t) => {
  const redactor = new Redactor({});
  for (const [command, shown] of [
    [`DB_PASSWORD=hun'ter'2x9 node s.js`, 'DB_PASSWORD=*REDACTED* node s.js'],
    [String.raw`DB_PASSWORD=hun\ ter2x9 node s.js`, 'DB_PASSWORD=*REDACTED* node s.js'],
    [`DB_PASSWORD='a'"b"c99 node s.js`, 'DB_PASSWORD=*REDACTED* node s.js'],
    [`node l.js --token $'x9y8z7' 12`, 'node l.js --token *REDACTED* 12'],
    [`node l.js --token 'abc def gh9' 12`, 'node l.js --token *REDACTED* 12'],
    // In quotes from end to end it keeps them; what names no secret stays.
    [`API_TOKEN="qu oted9" node s.js`, 'API_TOKEN="*REDACTED*" node s.js'],
    [`GREETING='a'"b"c99 node --title 'a b' s.js`, `GREETING='a'"b"c99 node --title 'a b' s.js`],
  ] as const) {
    t.equal(redactor.text(command), shown);
    t.equal(redactor.text(shown), shown, 'and stays as it is');
  }
  t.equal(
    withGluedWords('a=b --c d', () => 'x'),
    'a=b --c d',
    'without a quote it is plain',
  );
  t.same(redactor.value(['node', '--session-secret', 'ab cd efgh9', '--title', 'a b']), [
    ...['node', '--session-secret', '*REDACTED*', '--title', 'a b'],
  ]);
  t.end();
});

t.test('what was taken out stays as it is, in the quotes of any line', (t) => {
  const redactor = new Redactor({});
  const target = `ODD_SECRET='with "quotes" in-8814' DB_PASSWORD=hun'ter'2x9 node s.js --session-secret 'ab cd efgh9'`;
  const shown = redactor.command(`floodgate run --target '${target.replaceAll("'", `'\\''`)}' --load 'node l.js'`);
  t.equal(
    shown,
    `floodgate run --target 'ODD_SECRET='\\''*REDACTED*'\\'' DB_PASSWORD=*REDACTED* node s.js --session-secret *REDACTED*' --load 'node l.js'`,
  );
  t.equal(redactor.command(shown), shown);
  const bare = shown.replace(`'\\''*REDACTED*'\\''`, '*REDACTED*');
  t.equal(redactor.text(`Run it by hand: ${shown}`), `Run it by hand: ${bare}`);
  t.equal(redactor.text(`Run it by hand: ${bare}`), `Run it by hand: ${bare}`);
  const known = redactor.knowing([['--session-secret', 'ab cd efgh9']]);
  t.equal(
    known.text('started as s.js --session-secret ab cd efgh9 8080'),
    'started as s.js --session-secret *REDACTED* 8080',
  );
  t.end();
});
