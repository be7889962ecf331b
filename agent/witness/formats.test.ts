import t from 'tap';
import { EXAMINED_CHARACTERS_MAX, hasLuhnDigit, numberFormat, stringFormat } from './formats.ts';

const nameOf = (text: string): string => [...(stringFormat(text)?.names.keys() ?? ['none'])].join();

const EXAMPLES: Record<string, readonly string[]> = {
  uuid: ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', '6BA7B810-9DAD-11D1-80B4-00C04FD430C8'],
  rfc_3339: ['2021-03-04T05:06:07Z', '2021-03-04T05:06:07.123456789+01:00', '2021-03-04 05:06:07-08:00'],
  iso_8601: ['2021-03-04T05:06:07', '2021-03-04T05:06:07.123+0000', '2021-03-04 05:06', '2021-03-04 05:06:07 UTC'],
  iso_8601_basic: ['20210304T050607Z', '20210304T050607.123+0100', '20210304T050607'],
  date: ['2021-03-04', '2021/03/04'],
  date_local: ['04.03.2021', '31/12/2021', '12/31/2021', '04-03-2021'],
  date_basic: ['20210304'],
  time: ['05:06:07', '23:59:59.999'],
  rfc_2822: ['Thu, 04 Mar 2021 05:06:07 GMT', '4 Mar 2021 05:06 +0100'],
  rfc_850: ['Sunday, 06-Nov-94 08:49:37 GMT'],
  asctime: ['Sun Nov  6 08:49:37 1994', 'Sun Nov 16 08:49:37 UTC 1994'],
  unix_seconds: ['1614834367', '1614834367.123'],
  unix_milliseconds: ['1614834367123'],
  unix_microseconds: ['1614834367123456'],
  unix_nanoseconds: ['1614834367123456789'],
  ipv4: ['127.0.0.1', '255.255.255.255', '10.0.0.1'],
  ipv6: ['::1', '::', '2001:db8::8a2e:370:7334', '1:2:3:4:5:6:7:8', '::ffff:192.0.2.1', 'fe80::1%eth0', '1::'],
  credit_card: [
    '4111111111111111',
    '4111 1111 1111 1111',
    '5500-0000-0000-0004',
    '340000000000009',
    '3400 000000 00009',
  ],
  e164: ['+14155552671', '+442071838750'],
  phone: ['(415) 555-2671', '415-555-2671', '+1 415 555 2671', '415.555.2671', '+49 30 1234 5678'],
  email: ['a@example.org', "o'neil.j+tag@mail.example.co.uk"],
  url: ['https://example.org/a?b=c#d', 'http://localhost:8080', 'postgres://db.internal/x', 'ftp://h/ü'],
  jwt: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NSJ9.'],
  md5: ['d41d8cd98f00b204e9800998ecf8427e'],
  sha1: ['da39a3ee5e6b4b0d3255bfef95601890afd80709', 'DA39A3EE5E6B4B0D3255BFEF95601890AFD80709'],
  sha224: ['d'.repeat(56)],
  sha256: ['a'.repeat(64)],
  sha384: ['b'.repeat(96)],
  sha512: ['c'.repeat(128)],
  iso_3166: ['US', 'DE', 'JP'],
  iso_4217: ['USD', 'EUR', 'CHF'],
  bcp_47: ['en', 'en-US', 'zh-Hant-TW', 'pt_BR', 'es-419'],
  base64: ['SGVsbG8sIHdvcmxkISBUaGlzIGlz', 'VGhlIHF1aWNrIGJyb3duIGZveCBq', 'QUJDREVGR0hJSktMTU5PUFFSU1RVVlc='],
  none: [
    '',
    'a',
    'hello',
    'hello world',
    'ZZ',
    'XYZ',
    'zz',
    '2021-13-04',
    '2021-03-04T25:06:07Z',
    '99.03.2021',
    '256.0.0.1',
    '1.2.3',
    ':::',
    '1::2::3',
    ':1',
    '1:2:3',
    '4111111111111112',
    '9999999999',
    'a@b',
    '@example.org',
    'http://',
    'https:// x',
    'eyJ.eyJ.',
    'internationalization',
    'a'.repeat(100),
    'ünïcode',
    'x'.repeat(EXAMINED_CHARACTERS_MAX + 1),
  ],
};

t.test('formats by example', (t) => {
  for (const [name, texts] of Object.entries(EXAMPLES)) {
    for (const text of texts) t.equal(nameOf(text), name, text.slice(0, 60));
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
          const from = process.hrtime.bigint();
          stringFormat(hostile);
          worst = Math.max(worst, Number(process.hrtime.bigint() - from) / 1e6);
          tried += 1;
        }
      }
    }
  }
  t.ok(tried > 3000);
  t.ok(worst < 50, `slowest of ${tried}: ${worst.toFixed(2)} ms (a quadratic expression takes a second)`);
  t.end();
});
