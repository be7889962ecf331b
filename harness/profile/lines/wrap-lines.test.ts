/** biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources of the tests hold templates of their own */
import vm from 'node:vm';
import t from 'tap';
import { wrapLines } from './wrap-lines.ts';

/** Runs `main()` of a source. */
const run = (source: string) => vm.runInNewContext(`${source}\nmain()`);

const samples: [string, string][] = [
  [
    'statements without semicolons',
    'function main() {\n  const a = [1]\n  a.push(2)\n  ;[3].forEach((x) => a.push(x))\n  return a.join()\n}',
  ],
  [
    'branches and loops',
    'function main() {\n  let s = ""\n  for (let i = 0; i < 3; i++) if (i % 2) s += i\n  else s += "-"\n  for (const x of [1, 2]) s += x\n  do s += "." \n while (s.length < 8)\n  return s\n}',
  ],
  [
    'this and arguments',
    'class A { x = 2\n m() {\n  const r = { v: this.x,\n    n: [this.x + arguments.length] }\n  return JSON.stringify(r) } }\nfunction main() { return new A().m(1, 2) }',
  ],
  [
    'objects, spreads, templates',
    'function main() {\n  const o = { a: 1,\n    b: { c: [1, 2] },\n    get d() { return 4 },\n    ...{ e: 5 },\n  }\n  return `${o.b.c.length}${Object.keys({\n    ...o })}`\n}',
  ],
  [
    'chains and optional chains',
    'function main() {\n  const s = [3, 1, 2]\n    .map((x) => x * 2)\n    .filter((x) => x > 2)\n  const n = null\n  return s.join() + n?.x?.y + typeof nothing + delete s[0]\n}',
  ],
  [
    'destructuring and closures',
    'function main() {\n  const { a = [1], b: [c] } = { b: [2] }\n  const f = () => c\n  try { throw { m: f.name } } catch ({ m }) { return m + a + f() }\n}',
  ],
  [
    'switch and labels',
    'function main() {\n  let r = ""\n  out: for (;;) { switch (r.length) { case 0: r += "a"; break\n   case 1: r += "b"\n   default: break out } }\n  return r\n}',
  ],
  ['an arrow with an object', 'const main = () => ({\n  a: [1].length,\n}.a)'],
];

for (const [name, source] of samples) {
  t.test(`${name}: means what it meant, on the lines where it was`, async (t) => {
    const line = source.split('\n').findIndex((text) => /main\(|m\(\) \{|main =/.test(text)) + 1;
    const functionName = source.includes('m() {') ? 'm' : 'main';
    const wrapped = wrapLines(source, { functionName, line })!;
    t.ok(wrapped.text.includes('(()=>('), wrapped.text);
    t.equal(wrapped.text.split('\n').length, source.split('\n').length);
    t.equal(run(wrapped.text), run(source), wrapped.text);
  });
}

t.test('what awaits or yields goes on doing so', async (t) => {
  const source =
    'async function main() {\n  const a = await Promise.resolve([1])\n  const b = [...(await a), await 2]\n  for await (const x of [3]) b.push(x)\n  return b.join()\n}';
  const wrapped = wrapLines(source, { functionName: 'main', line: 1 })!;
  t.equal(await run(wrapped.text), '1,2,3', wrapped.text);
  const generator =
    'function* g() {\n  const x = yield [1]\n  return [x, yield* [2]].join()\n}\nfunction main() { return [...g()].join() }';
  t.equal(run(wrapLines(generator, { functionName: 'g', line: 1 })!.text), '1,2');
});

t.test('the function that is meant, and none where there is none', async (t) => {
  const source = 'const first = (x) => [x]; const second = (x) => [x, x];';
  t.match(
    wrapLines(source, { functionName: 'second', line: 1 })!.text,
    /^const first = \(x\) => \[x\]; const second = \(x\) => \(\(\)/,
  );
  t.equal(wrapLines('this is no source', { functionName: 'x', line: 1 }), undefined);
  t.equal(wrapLines('let x = 1', { functionName: 'x', line: 1 }), undefined);
});
