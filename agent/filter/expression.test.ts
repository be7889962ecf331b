import fc from 'fast-check';
import t from 'tap';
import { Expression } from './expression.ts';

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
      let expression: Expression;
      try {
        expression = new Expression(source, ignoreCase);
      } catch (error) {
        fc.pre(!/too large/.test((error as Error).message));
        throw error;
      }
      return expression.test(subject, lengthMax) === wanted;
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
    t.equal(new Expression(source).test(text, lengthMax), wanted, `${source} on ${text}`);
  }
  t.equal(new Expression('EXAMPLE', true).test('api.example', lengthMax), true);
  t.equal(new Expression('[^a]', true).test('A', lengthMax), false);
  t.equal(new Expression('b').test('aab', 2), false, 'no more is looked at than told');
  t.end();
});

t.test('what is no expression of ours is refused in words', (t) => {
  const cases: [string, RegExp][] = [
    ['(a', /has no \)/],
    ['a)', /has no \(/],
    ['[a', /has no \]/],
    ['[z-a]', /ends before/],
    ['*a', /nothing before/],
    ['a**', /nothing before/],
    ['a{', /written/],
    ['a{2,1}', /empty/],
    ['a{101}', /up to 100/],
    ['(?=a)', /only \(\?:/],
    ['(?<n>a)', /only \(\?:/],
    ['(a)\\1', /there is no/],
    ['\\bword', /there is no/],
    ['\\', /there is no/],
    ['^*', /cannot be repeated/],
    ['(((a{100}){100}){100})', /too large/],
    ['((((){100}){100}){100}){100}', /too large/],
    ['('.repeat(40) + ')'.repeat(40), /32 parentheses/],
    ['a'.repeat(2000), /more than 1024/],
    ['[é]', /only ASCII/],
  ];
  for (const [source, message] of cases) t.throws(() => new Expression(source), { message }, source);
  t.end();
});

t.test('hostile texts and expressions take bounded time', (t) => {
  const hostile = ['(a+)+$', '(a|aa)+$', '(a*)*b', '(.*a){10}$', '(a|b)*a(a|b){12}$', '^(([a-z])+.)+[A-Z]([a-z])+$'];
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  for (const source of hostile) {
    const expression = new Expression(source);
    const from = process.cpuUsage();
    for (const text of ['a'.repeat(lengthMax), `${'ab'.repeat(lengthMax / 2)}!`]) expression.test(text, lengthMax);
    expression.test(Array.from({ length: lengthMax }, () => (random() < 0.5 ? 'a' : 'b')).join(''), lengthMax);
    const tookMs = process.cpuUsage(from).user / 1000;
    // (a+)+$ on 4096 characters would take the runtime's own engine longer than the universe has been there.
    t.ok(tookMs < 1000, `${source}: ${tookMs.toFixed(1)} ms of CPU`);
  }
  t.end();
});
