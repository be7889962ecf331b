import t from 'tap';
import { leastMsOf } from './cpu-time-fixture.ts';
import { ALL_FORMATS, EXAMINED_CHARACTERS_MAX, hasLuhnDigit, numberFormat, stringFormat } from './formats.ts';
import { EXAMPLES, NEAR_MISSES } from './formats-fixture.ts';

const nameOf = (text: string): string => [...(stringFormat(text)?.names.keys() ?? ['none'])].join();

t.test('formats by example', (t) => {
  for (const [name, texts] of Object.entries(EXAMPLES)) {
    for (const text of texts) t.equal(nameOf(text), name, text.slice(0, 60));
  }
  t.end();
});

t.test('what is nearly of a format is not', (t) => {
  for (const { names } of ALL_FORMATS) {
    const name = [...names.keys()].join();
    t.ok(EXAMPLES[name]!.length >= 1 && NEAR_MISSES[name]!.length >= 2, `${name} has examples for and against`);
    for (const text of NEAR_MISSES[name]!) t.not(nameOf(text), name, text.slice(0, 60));
  }
  t.end();
});

t.test('instances are shared; kinds as the original names them', (t) => {
  t.equal(stringFormat('US'), stringFormat('DE'));
  t.equal(stringFormat('2021-03-04T05:06:07Z')?.kind, 'datetime');
  t.equal(stringFormat('6ba7b810-9dad-11d1-80b4-00c04fd430c8')?.kind, 'unique_id');
  t.equal(stringFormat('https://example.org/')?.kind, 'uri');
  t.end();
});

t.test('numbers: unix times by magnitude', (t) => {
  const name = (value: number | bigint): string => [...(numberFormat(value)?.names.keys() ?? ['none'])].join();
  t.equal(name(1614834367), 'unix_seconds');
  t.equal(name(1614834367.5), 'unix_seconds');
  t.equal(name(1614834367123), 'unix_milliseconds');
  t.equal(name(1614834367123456), 'unix_microseconds');
  t.equal(name(1614834367123456789n), 'unix_nanoseconds');
  for (const value of [0, 42, -1614834367, 999_999_999, 5e9, 1e11, Number.NaN, Infinity, 2n ** 63n])
    t.equal(name(value), 'none');
  t.end();
});

t.test('Luhn', (t) => {
  t.ok(hasLuhnDigit('79927398713'));
  t.notOk(hasLuhnDigit('79927398710'));
  t.notOk(hasLuhnDigit('0000000000000000'), 'zeros are no card');
  t.end();
});

/** Beginnings that keep an expression going, middles that repeat, ends that make it fail. */
t.test('hostile strings take bounded time', (t) => {
  const starts = ['', '1', '+', '(', 'eyJ', 'http://', 'a@', 'a@a.', '::', '2021-03-04T', 'Mon, ', 'ab-', '-'];
  const middles = [
    'a',
    '1',
    '.',
    'a.',
    'a-',
    '-',
    ':',
    ' ',
    '1 ',
    'A/',
    '=',
    '%',
    'eyJa.',
    '@',
    'a@',
    '\u0000',
    'é',
    '0.',
  ];
  const lengths = [64, 254, 4096, EXAMINED_CHARACTERS_MAX, 1_000_000];
  let worst = 0;
  let tried = 0;
  for (const start of starts) {
    for (const middle of middles) {
      for (const length of lengths) {
        const text = `${start}${middle.repeat(Math.ceil(length / middle.length))}`.slice(0, length - 1);
        for (const hostile of [text, `${text}!`, `${text}\n`]) {
          worst = Math.max(
            worst,
            leastMsOf(() => stringFormat(hostile)),
          );
          tried += 1;
        }
      }
    }
  }
  t.ok(tried > 3000);
  t.ok(worst < 50, `slowest of ${tried}: ${worst.toFixed(2)} ms (a quadratic expression takes a second)`);
  t.end();
});
