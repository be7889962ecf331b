/** Functions that were renamed, moved, split or joined between two versions: none of them is a cause, whatever its name. */
import t from 'tap';
import { formatOrigin } from '../../reports/comparison-sentence.ts';
import { functionKey } from './callers.ts';
import { changedLines } from './changed-lines.ts';
import type { VersionEvidence } from './site-evidence.ts';
import { compareSites, renamedIn } from './sites.ts';

type Bytes = Readonly<Record<string, number>>;

/** Sites `file name`, or `file name line`, with bytes a request; the line is where the text names the function first. */
function version(
  bytes: Bytes,
  texts: Readonly<Record<string, string>> = {},
  calls: Readonly<Record<string, string>> = {},
) {
  const lines = new Map(Object.entries(texts).map(([file, text]) => [file, text.split('\n')]));
  const sites = Object.entries(bytes).map(([site, each]) => {
    const [file = '', functionName = '', at] = site.split(' ');
    const line = at ? Number(at) : (lines.get(file)?.findIndex((text) => text.includes(` ${functionName}(`)) ?? -1) + 1;
    return { file, functionName, line, where: 'heap', selfBytes: each * 1_000, errorShare: 0.01 } as const;
  });
  const key = (site: string) => functionKey(...(site.split(' ').slice(0, 2) as [string, string]));
  const callers = new Map(Object.keys(bytes).map((site) => [key(site), new Set([key(calls[site] ?? 'a.js handle')])]));
  const evidence: VersionEvidence = {
    ...(lines.size > 0 && { linesOf: (file) => lines.get(file) }),
    ...(Object.keys(calls).length > 0 && { callers }),
  };
  return { file: { requests: 1_000, sites }, evidence };
}

type MadeVersion = ReturnType<typeof version>;

function said(base: MadeVersion, head: MadeVersion): string[] {
  const sites = compareSites(base.file, head.file, { base: base.evidence, head: head.evidence });
  return sites.map((site) => {
    const { file, functionName, baseBytes, headBytes } = site;
    return `${file} ${functionName} ${baseBytes ?? 'none'} → ${headBytes ?? 'none'}${formatOrigin(site)}`;
  });
}

const parse = (name: string, count = 200) => `function ${name}(text) {
  const rows = [];
  for (let i = 0; i < ${count}; i++) rows.push({ id: i, price: i * 1.5, text: text + i });
  return rows;
}
`;
const total = (name: string) => `export function ${name}(rows) {
  let sum = 0;
  for (const { price } of rows) sum += Math.round(price * 100) / 100;
  return { sum, words: String(sum).split('.') };
}
`;

t.test('a function that was renamed is no cause, and the one that grew is first', async (t) => {
  const base = version({ 'a.js parseCart': 9_000, 'a.js sumUp': 500 }, { 'a.js': parse('parseCart') + total('sumUp') });
  const texts = { 'a.js': total('sumUp') + parse('readCart') };
  const head = version({ 'a.js readCart': 9_010, 'a.js sumUp': 1_500 }, texts);
  t.same(said(base, head), ['a.js sumUp 500 → 1500']);
  const grown = version(
    { 'a.js readCart': 9_900, 'a.js sumUp': 500 },
    { 'a.js': parse('readCart', 220) + total('sumUp') },
  );
  t.same(said(base, grown), ['a.js readCart 9000 → 9900, renamed from parseCart']);
  const called = renamedIn(base.file, grown.file, { base: base.evidence, head: grown.evidence });
  t.match(called('a.js', 'parseCart'), { file: 'a.js', functionName: 'readCart' }, 'and lies over it in a flame graph');
  t.match(called('a.js', 'sumUp'), { functionName: 'sumUp' });
});

t.test('a function whose text is as it was takes more to be named', async (t) => {
  const base = version({ 'a.js parseCart': 9_000 }, { 'a.js': parse('parseCart') });
  const head = (bytes: number, count?: number) =>
    said(base, version({ 'a.js parseCart': bytes }, { 'a.js': parse('parseCart', count) }));
  t.same(head(9_520, 220), ['a.js parseCart 9000 → 9520'], 'four errors, and it changed');
  t.same(head(9_520), []);
  t.same(head(9_700), ['a.js parseCart 9000 → 9700'], 'it is called with more');
});

t.test('of two that samples cannot order, the one whose text changed is first', async (t) => {
  const texts = (count?: number) => ({ 'a.js': total('sumUp'), 'b.js': parse('rows', count) });
  const base = version({ 'a.js sumUp': 9_000, 'b.js rows': 5_000 }, texts());
  const grown = (bytes: number, count?: number) =>
    said(base, version({ 'a.js sumUp': 9_900, 'b.js rows': bytes }, texts(count)));
  t.same(grown(5_700, 220), ['b.js rows 5000 → 5700', 'a.js sumUp 9000 → 9900']);
  t.same(grown(5_700), ['a.js sumUp 9000 → 9900', 'b.js rows 5000 → 5700'], 'neither changed');
  const unnamed = (count?: number) => ({
    'a.js': total('sumUp'),
    'b.js': `export const o = { ['x'](u) { return rows(u, ${count}); } };\n`,
  });
  const bytes = { 'a.js sumUp': 9_900, 'b.js o 1': 5_700 };
  const before = version({ 'a.js sumUp': 9_000, 'b.js o 1': 5_000 }, unnamed(100));
  t.match(said(before, version(bytes, unnamed(130)))[0], /^b\.js o/, 'all of its lines');
  t.match(said(before, version(bytes, unnamed(100)))[0], /^a\.js sumUp/);
  t.same(grown(5_300, 220), ['a.js sumUp 9000 → 9900', 'b.js rows 5000 → 5300'], 'it is much less');
});

t.test('a file that was renamed, and a function that was moved to another', async (t) => {
  const base = version(
    { 'a.js parseCart': 9_000, 'a.js (anonymous)': 700, 'b.js sumUp': 500 },
    { 'a.js': parse('parseCart'), 'b.js': `import x from 'x';\n${total('sumUp')}` },
  );
  const renamed = version(
    { 'lib/cart.js parseCart': 9_000, 'lib/cart.js (anonymous)': 900, 'b.js sumUp': 500 },
    { 'lib/cart.js': parse('parseCart'), 'b.js': `import x from 'x';\n${total('sumUp')}` },
  );
  t.same(said(base, renamed), ['lib/cart.js (anonymous) 700 → 900, moved from a.js']);
  const moved = version(
    { 'a.js parseCart': 9_000, 'a.js (anonymous)': 700, 'a.js sumUp': 800 },
    { 'a.js': parse('parseCart') + total('sumUp'), 'b.js': "import x from 'x';\n" },
  );
  t.same(said(base, moved), ['a.js sumUp 500 → 800, moved from b.js']);
  const both = version(
    { 'a.js parseCart': 9_000, 'a.js (anonymous)': 700, 'c.js addUp': 800 },
    {
      'a.js': parse('parseCart'),
      'c.js': `import y from 'y';\nimport z from 'z';\n${total('addUp')}${parse('other')}`,
    },
  );
  t.same(said(base, both), ['c.js addUp 500 → 800, renamed from b.js sumUp']);
});

t.test('a name that another function has taken', async (t) => {
  const base = version({ 'a.js load': 5_000 }, { 'a.js': parse('load') });
  const head = version({ 'a.js loadOld': 5_000, 'a.js load': 900 }, { 'a.js': parse('loadOld') + total('load') });
  t.same(said(base, head), ['a.js load none → 900']);
  const written = version({ 'a.js load': 6_000 }, { 'a.js': total('load') });
  t.same(said(base, written), ['a.js load 5000 → 6000'], 'one whose text was thrown away is still that one');
});

t.test('work that was taken out of a function, or put into its caller', async (t) => {
  const calls = { 'a.js parseRows': 'a.js parseCart' };
  const whole = version({ 'a.js parseCart': 9_000, 'a.js sumUp': 500 }, {}, { 'a.js sumUp': 'a.js handle' });
  const split = version({ 'a.js parseCart': 1_000, 'a.js parseRows': 8_000, 'a.js sumUp': 900 }, {}, calls);
  t.same(said(whole, split), ['a.js sumUp 500 → 900']);
  const grown = version({ 'a.js parseCart': 1_000, 'a.js parseRows': 8_900, 'a.js sumUp': 500 }, {}, calls);
  t.same(said(whole, grown), ['a.js parseRows 8000 → 8900, taken out of parseCart']);
  t.same(said(split, whole), ['a.js sumUp 900 → 500']);
  const more = version({ 'a.js parseCart': 9_900, 'a.js sumUp': 900 }, {}, { 'a.js sumUp': 'a.js handle' });
  t.same(said(split, more), ['a.js parseCart 9000 → 9900, with the work of parseRows']);
});

t.test('without texts: by who calls it and what it allocates', async (t) => {
  const calls = { 'a.js one': 'a.js serve', 'a.js two': 'a.js serve', 'a.js far': 'a.js boot' };
  const base = version({ 'a.js one': 9_000, 'a.js sumUp': 500 }, {}, calls);
  t.same(said(base, version({ 'a.js two': 9_020, 'a.js sumUp': 900 }, {}, calls)), ['a.js sumUp 500 → 900']);
  t.same(said(base, version({ 'a.js two': 12_000, 'a.js sumUp': 500 }, {}, calls)), [
    'a.js two 9000 → 12000, in place of one',
  ]);
  t.same(
    said(base, version({ 'a.js far': 9_000, 'a.js sumUp': 900 }, {}, calls)),
    ['a.js far none → 9000', 'a.js sumUp 500 → 900', 'a.js one 9000 → none'],
    'for another caller it is another function',
  );
});

t.test('functions of one name in a file: without one, and methods of two classes', async (t) => {
  const handlers = [
    'const all = [',
    '  (ctx, next) => { ctx.headers = merge({ a: 1 }, { b: 2 }); return next(); },',
    '  async (ctx, next) => { ctx.ids = [...store.ids()].length; await next(); },',
    '  (ctx) => { ctx.body = render(store.rows); },',
    '];',
  ];
  const at = (lines: readonly string[], bytes: readonly (readonly [number, number])[]) => {
    const sites = Object.fromEntries(bytes.map(([line, each]) => [`a.js (anonymous) ${line}`, each]));
    return { read: version(sites, { 'a.js': lines.join('\n') }), unread: version(sites) };
  };
  const lined = (base: MadeVersion, head: MadeVersion) =>
    compareSites(base.file, head.file, { base: base.evidence, head: head.evidence }).map(
      ({ line, baseBytes, headBytes }) => `${line}: ${baseBytes ?? 'none'} → ${headBytes ?? 'none'}`,
    );
  const base = at(handlers, [
    [2, 500],
    [3, 900],
    [4, 200],
  ]);
  const grown = handlers.with(
    1,
    '  (ctx, next) => { ctx.t = { a: {}, b: {}, c: {} }; ctx.headers = 0; return next(); },',
  );
  const cases: [string, readonly string[], readonly (readonly [number, number])[], readonly string[]][] = [
    [
      'the same',
      handlers,
      [
        [2, 500],
        [3, 900],
        [4, 200],
      ],
      [],
    ],
    [
      'grown in its place',
      grown,
      [
        [2, 930],
        [3, 900],
        [4, 200],
      ],
      ['2: 500 → 930'],
    ],
    [
      'below new lines',
      ['', '', ...grown],
      [
        [4, 930],
        [5, 900],
        [6, 200],
      ],
      ['4: 500 → 930'],
    ],
  ];
  for (const [name, lines, bytes, wanted] of cases) {
    const head = at(lines, bytes);
    t.same(lined(base.read, head.read), wanted, name);
    t.same(lined(base.unread, head.unread), wanted, `${name}, unread`);
  }
  const more = at(handlers.toSpliced(1, 0, '  (ctx) => { ctx.log = ctx.url.split("/"); },'), [
    [2, 300],
    [3, 500],
    [4, 900],
    [5, 200],
  ]);
  t.same(lined(base.read, more.read), ['2: none → 300'], 'one more');
  t.same(lined(more.read, base.read), ['2: 300 → none'], 'one less');
  const swapped = at(
    [handlers[0]!, handlers[2]!, handlers[1]!, ...handlers.slice(3)],
    [
      [2, 900],
      [3, 500],
      [4, 200],
    ],
  );
  t.same(lined(base.read, swapped.read), [], 'another order');
  const classes = [
    'class A {',
    '  render(rows) {',
    '    return rows.map(String);',
    '  }',
    '}',
    'class B {',
    '  render(rows) {',
    '    return [...rows];',
    '  }',
    '}',
  ];
  const of = (first: number, second: number, lines = classes, down = 0) =>
    version({ [`a.js render ${2 + down}`]: first, [`a.js render ${7 + down}`]: second }, { 'a.js': lines.join('\n') });
  t.same(lined(of(500, 900), of(800, 900, ['//', ...classes], 1)), ['3: 500 → 800'], 'the smaller of two methods');
});

t.test('hostile names and lines', async (t) => {
  const odd = { 'a.js $&.*(': 5_000, 'a.js \\u0000': 100 };
  const base = version(odd, { 'a.js': '\n'.repeat(5) });
  t.same(said(base, version(odd, { 'a.js': 'x'.repeat(100_000) })), []);
});

t.test('lines of a function that changed, wherever it stands now', async (t) => {
  const lines = [
    'function parse(n) {',
    '  const rows = [];',
    '  for (const i of n) {',
    '    rows.push({ i });',
    '  }',
    '  return rows;',
    '}',
  ];
  const changed = (after: readonly string[], line = 1, functionName = 'parse') =>
    changedLines({ lines: [...lines, 'end();'], line: 1, functionName: 'parse' }, { lines: after, line, functionName });
  const withLine = (at: number, ...written: string[]) => lines.with(at, written.join('\n')).join('\n').split('\n');
  t.same(changed(withLine(3, '    rows.push({ i, n });')), [4]);
  t.same(changed(['', '', ...withLine(5, '  const copy = [...rows];', '  return copy;')], 3), [8, 9], 'and moved down');
  t.same(
    changed(['class A {', ...withLine(2, '  for (const i of n.slice()) {').map((text) => `  ${text}`)], 2),
    [4],
    'and in',
  );
  t.same(changed(lines.toSpliced(1, 1)), [2], 'taken out: what follows it');
  t.same(changed(withLine(1, '  // One a cell.', '  const rows = [];')), [], 'a comment');
  t.same(changed(lines.with(0, 'function read(n) {'), 1, 'read'), [], 'its own name');
  t.equal(
    changed(['function parse(n) {', ...'abcdef', '}'].map((text) => (text.length > 1 ? text : `  ${text}`))),
    undefined,
    'all',
  );
  t.equal(changed(lines, 40), undefined, 'not there');
  const many = [...lines.slice(0, 5), ...Array.from({ length: 40 }, (_, at) => `  push(${at});`), ...lines.slice(5)];
  t.equal(changed(many)!.length, 20, 'as many as are read');
});
