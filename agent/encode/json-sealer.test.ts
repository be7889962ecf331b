import t from 'tap';
import { EXAMPLES, NEAR_MISSES } from '../witness/formats-fixture.ts';
import { NAMED_RULES } from '../witness/secret-rules.generated.ts';
import { ENDINGS, GUARDED, PARTS, WHOLE, WORDS } from '../witness/secret-vocabulary.ts';
import { bothWays, makeBody } from './json-sealer.fuzz.ts';

const SEED = 20_261_123;
const BODIES = 3000;

// First, while nothing of earlier texts lies behind a shorter one, and from short to long for the same reason.
t.test('a body cut anywhere ends the reading where it ends', async (t) => {
  const body = '{"a":[1,-2.5e3,"x\\u00e9\\\\y",true,{"b":null,"c":"d"}],"e":""}';
  for (let length = 1; length < body.length; length += 1) {
    const { sealed, ours, reference } = bothWays(Buffer.from(body.slice(0, length)));
    t.notOk(sealed, body.slice(0, length));
    t.same(ours, reference);
  }
});

t.test('words that come again are sealed as at first', async (t) => {
  // More than there are places for; some differ behind their eighth byte alone.
  const words = Array.from({ length: 1500 }, (_, i) => {
    const letters = [i % 26, Math.floor(i / 26) % 26, Math.floor(i / 676)]
      .map((n) => String.fromCharCode(97 + n))
      .join('');
    return `${['', 'in', 'shipped ', 'in_progress_'][i % 4]}${letters}`.slice(0, 15);
  });
  for (const mode of ['off', 'redact', 'redact', 'off'] as const) {
    for (const wrap of [
      (word: string) => ({ state: word, kinds: [word, word, 'b', 'a b'] }),
      (word: string) => [
        { password: word, user: word },
        { name: 'token', value: word },
      ],
      (word: string) => ({ [`${word}Key`]: word, note: `password=${word}` }),
    ]) {
      const body = Buffer.from(JSON.stringify({ list: words.map((word, i) => (i % 3 === 0 ? wrap(word) : word)) }));
      const { ours, reference } = bothWays(body, mode);
      t.same(ours, reference);
    }
  }
});

t.test('times hold no secret, in UTC or with an offset', async (t) => {
  const fractions = ['', '.1', '.123', '.123456', '.411111111111', '.000000000000'];
  const offsets = ['Z', 'z', '+01:00', '-11:00'];
  for (const between of ['T', 't', ' ']) {
    for (let year = 1000; year < 10_000; year += 613) {
      const times = fractions.flatMap((fraction) =>
        offsets.map((offset) => `${year}-11-14${between}22:13:20${fraction}${offset}`),
      );
      const { sealed, ours, reference } = bothWays(Buffer.from(JSON.stringify({ times })));
      t.ok(sealed);
      t.same(ours, reference);
    }
  }
});

t.test('sealed bodies are byte for byte what the tree becomes', async (t) => {
  let sealed = 0;
  let redacted = 0;
  for (let i = 0; i < BODIES; i += 1) {
    const body = makeBody(SEED + i);
    const both = bothWays(body, i % 8 === 0 ? 'off' : 'redact');
    if (both.sealed) sealed += 1;
    redacted += both.ours?.[2] ?? 0;
    if (JSON.stringify(both.ours) !== JSON.stringify(both.reference)) {
      t.same(both.ours, both.reference, `seed ${SEED + i}: ${body.toString()}`);
      return;
    }
  }
  t.ok(sealed > BODIES / 3, `${sealed} of ${BODIES} bodies were sealed`);
  t.ok(redacted > BODIES / 4, `${redacted} values were redacted`);
});

t.test('every format, and what is nearly of it, by its bytes as by the rules', async (t) => {
  for (const text of [...Object.values(EXAMPLES), ...Object.values(NEAR_MISSES)].flat()) {
    for (const mode of ['redact', 'off'] as const) {
      const { ours, reference } = bothWays(Buffer.from(JSON.stringify({ a: text, b: [text] })), mode);
      t.same(ours, reference, text.slice(0, 60));
    }
  }
});

t.test('what is plain is sealed', async (t) => {
  const bodies = [
    '{"a":1}',
    ' [ 1 , -2.5 , "x" , true , false , null , [] , {} ] ',
    '{"password":"hunter2","nested":{"token":{"a":[1,"x",true,null]}}}',
    '{"list":[{"name":"colour","value":"red"},{"name":"size","value":{"x":1}}]}',
    '{"escaped":"a\\n\\u00e9\\ud83d\\ude00\\/","naïve":"“é”"}',
    '{"card":4111111111111111,"text":"pay 4111 1111 1111 1111 now","jwt":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x"}',
    '{"tiny":1.5e-7,"long":0.30000000000000004,"big":999999999999999,"least":-999999999999999}',
    '[40999999999991.999999,1e3,1.5e3,-2E+2,12345678901234567890,{"k":1e999,"\\u006b2":5e-324,"a\\"b":"x"}]',
    '[9007199254740993,1050118621198921728,-1600000000000000001,9223372036854775807,-9223372036854775807]',
    `{"long":"${'x'.repeat(20_000)}"}`,
    `[${Array.from({ length: 16_000 }, () => 1).join(',')}]`,
    `[${Array.from({ length: 6000 }, () => '"DE"').join(',')}]`,
    `${'['.repeat(64)}1${']'.repeat(64)}`,
    ...[64, 65, 66, 127, 1000, 5000].map(
      (count) => `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join(',')}}`,
    ),
  ];
  for (const body of bodies) {
    const { sealed, ours, reference } = bothWays(Buffer.from(body));
    t.ok(sealed, body.slice(0, 80));
    t.same(ours, reference, body.slice(0, 80));
  }
});

t.test('every word of a secret’s name, beside its value', async (t) => {
  const issuers = NAMED_RULES.flatMap(([, names]) => names);
  const words = new Set([...ENDINGS, ...GUARDED, ...PARTS, ...WHOLE, ...WORDS, ...issuers]);
  const value = 'sk_A1b2C3d4E5f6G7h8I9j0';
  for (const word of words) {
    const spelled = [
      word,
      `my ${word.toUpperCase()}`,
      `x-${word.slice(0, 3)}_${word.slice(3)}7`,
      `Other${word[0]!.toUpperCase()}${word.slice(1)}`,
    ];
    for (const name of spelled) {
      const { ours, reference } = bothWays(
        Buffer.from(JSON.stringify([{ name, value }, [name, value], [[name, value]]])),
      );
      if (JSON.stringify(ours) !== JSON.stringify(reference)) t.same(ours, reference, name);
    }
  }
  t.ok(words.size > 500);
});

t.test('what is not goes the other way', async (t) => {
  const bodies = [
    '"text"',
    '{}',
    '{"a":1,"a":2}',
    '{"a":1} {"b":2}',
    '{"a":1,}',
    '{"half":"\\ud800"}',
    '{"list":[{"name":"password","value":"hunter2"}]}',
    '{"list":[{"value":"hunter2","key":"password"}]}',
    '{"list":[{"value":"hunter2","key":"password=hunter25x=1"}]}',
    '{"ghp_abcdefghijklmnopqrstuvwxyz0123456789":1}',
    `{${Array.from({ length: 65 }, (_, i) => `"k${i % 64}":1`).join(',')}}`,
    `${'['.repeat(65)}1${']'.repeat(65)}`,
    '{"a":"control\u0001"}',
  ];
  for (const body of bodies) {
    const { sealed, ours, reference } = bothWays(Buffer.from(body));
    t.notOk(sealed, body.slice(0, 80));
    t.same(ours, reference, body.slice(0, 80));
  }
  const broken = bothWays(Buffer.from('{"a":"\xff\xfe"}', 'latin1'));
  t.notOk(broken.sealed, 'no UTF-8');
  t.same(broken.ours, broken.reference, 'no UTF-8');
});
