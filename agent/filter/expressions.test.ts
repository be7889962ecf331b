import fc from 'fast-check';
import t from 'tap';
import { Expressions } from './expressions.ts';

const lengthMax = 4096;

t.test('agrees with the runtime’s own expressions', (t) => {
  const atom = fc.constantFrom(
    ...'abcA/-._01',
    '\\d',
    '\\w',
    '\\s',
    '\\.',
    '[a-c]',
    '[^a/]',
    '.',
    '[\\d_]',
    '(?:ab)',
    '^',
    '$',
  );
  const repeat = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{0,2}', '{1,}', '*?');
  const { expression } = fc.letrec<{ expression: string; branch: string; item: string }>((tie) => ({
    expression: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }).map((all) => all.join('|')),
    branch: fc.array(tie('item'), { maxLength: 4 }).map((all) => all.join('')),
    item: fc.oneof(
      { weight: 4, arbitrary: fc.tuple(atom, repeat).map(([a, r]) => (a === '^' || a === '$' ? a : a + r)) },
      { weight: 1, arbitrary: fc.tuple(tie('expression'), repeat).map(([e, r]) => `(${e})${r}`) },
    ),
  }));
  const text = fc.array(fc.constantFrom(...'abcABC/-._01 '), { maxLength: 12 }).map((all) => all.join(''));
  fc.assert(
    fc.property(expression, text, fc.boolean(), (source, subject, ignoreCase) => {
      const wanted = new RegExp(source, ignoreCase ? 'is' : 's').test(subject);
      return new Expressions([source], { ignoreCase }).test(subject, lengthMax) === wanted;
    }),
    { numRuns: 2_000, seed: 4, endOnFailure: true },
  );
  t.end();
});

t.test('whole words', (t) => {
  const cases: [string, string, boolean][] = [
    ['^/health$', '/health', true],
    ['^/health$', '/healthz', false],
    ['/v[12]/(users|items)/\\d+$', '/api/v2/items/17', true],
    ['/v[12]/(users|items)/\\d+$', '/api/v3/items/17', false],
    ['', 'anything', true],
    ['^$', '', true],
    ['^$', 'a', false],
    ['a{3,}', 'aa', false],
    ['a{3,}', 'aaaa', true],
    ['grüße', Buffer.from('/grüße').toString('latin1'), true],
    ['ü+$', Buffer.from('üü').toString('latin1'), true],
    ['\\x2f\\t', '/\t', true],
    ['[\\]]', ']', true],
  ];
  for (const [source, text, wanted] of cases) {
    t.equal(new Expressions([source]).test(text, lengthMax), wanted, `${source} on ${text}`);
  }
  t.equal(new Expressions(['EXAMPLE'], { ignoreCase: true }).test('api.example', lengthMax), true);
  t.equal(new Expressions(['[^a]'], { ignoreCase: true }).test('A', lengthMax), false);
  t.equal(new Expressions(['b']).test('aab', 2), false, 'no more than lengthMax is looked at');
  t.equal(
    new Expressions(['\\xff|é']).test('\xff\xfe', lengthMax),
    false,
    'bytes that are no UTF-8 are nothing that is',
  );
  t.end();
});

t.test('a set matches where one of its expressions does', (t) => {
  const set = new Expressions(['^/health$', '/v[12]/', 'grüße']);
  for (const [text, wanted] of [
    ['/health', true],
    ['/healthz', false],
    ['/api/v2/', true],
    [Buffer.from('/grüße').toString('latin1'), true],
  ] as const) {
    t.equal(set.test(text, lengthMax), wanted, text);
  }
  t.end();
});

t.test('what is no expression is refused in words', (t) => {
  const cases: [string, RegExp][] = [
    ['(a', /missing closing \)/],
    ['a)', /unexpected \)/],
    ['[a', /missing closing \]/],
    ['[z-a]', /invalid character class range/],
    ['*a', /missing argument to repetition/],
    ['a**', /invalid nested repetition/],
    ['a{2,1}', /invalid repeat count/],
    ['(?=a)', /Perl syntax/],
    ['(a)\\1', /invalid escape sequence/],
    ['\\', /trailing backslash/],
    ['(((a{100}){100}){100})', /too large|invalid repeat|exceeds/],
    ['((((){100}){100}){100}){100}', /too large|invalid repeat|exceeds/],
    ['(a{0,100}){10}[b-z]{900}', /too large/],
    ['('.repeat(500), /missing closing \)/],
    ['a'.repeat(2000), /more than 512/],
  ];
  for (const [source, message] of cases) t.throws(() => new Expressions([source]), { message }, source);
  t.throws(() => new Expressions(Array.from({ length: 500 }, (_, i) => `/path-${i}/`)), {
    name: 'Error',
    message: /together they are too large \(at least \d+ steps of at most 2048\)/,
  });
  t.end();
});

t.test('many expressions of the largest size are refused at the first', (t) => {
  const from = process.cpuUsage();
  t.throws(() => new Expressions(Array.from({ length: 100 }, () => 'a{0,999}'.repeat(60))), { message: /too large/ });
  t.ok(process.cpuUsage(from).user < 3e6, 'one of them is compiled, not a hundred');
  t.end();
});

t.test('hostile texts and expressions take bounded time', (t) => {
  const hostile = [
    '(a+)+$',
    '(a|aa)+$',
    '(a*)*b',
    '(.*a){10}$',
    '(a|b)*a(a|b){12}$',
    '((a|b)*a(a|b){300}|(b|a)*b(a|b){300})$',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
  ];
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  for (const source of hostile) {
    const expression = new Expressions([source]);
    const from = process.cpuUsage();
    for (const text of ['a'.repeat(lengthMax), `${'ab'.repeat(lengthMax / 2)}!`]) expression.test(text, lengthMax);
    expression.test(Array.from({ length: lengthMax }, () => (random() < 0.5 ? 'a' : 'b')).join(''), lengthMax);
    const tookMs = process.cpuUsage(from).user / 1000;
    // (a+)+$ on 4096 characters would take the runtime's own engine longer than the universe has been there.
    t.ok(tookMs < 1000, `${source}: ${tookMs.toFixed(1)} ms of CPU`);
  }
  t.end();
});
