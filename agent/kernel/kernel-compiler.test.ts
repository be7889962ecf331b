import t from 'tap';
import { compileKernel } from './kernel-compiler.ts';

function run(source: string): Record<string, (...values: (number | bigint)[]) => number | bigint> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Uint8Array(memory.buffer).set([1, 2, 3, 250], 100);
  const env = { memory, twice: (x: number) => x * 2 };
  const module = new WebAssembly.Module(Uint8Array.from(compileKernel(source)));
  return new WebAssembly.Instance(module, { env }).exports as unknown as ReturnType<typeof run>;
}

t.test('operators, by their precedence and their types', async (t) => {
  const { i32, logic, i64, f64 } = run(`
    export fn i32(a, b) i32 { return a + b * 3 - -a & 0xff | 1 << 8; }  ; a comment; and more of it
    export fn logic(a, b) i32 { return a < 3 && b != 0 || !(a >u b) ? 10 : a & 1 == 1; }
    export fn i64(a i64, shift) i64 { let x i64 = a >>> 3L; x += 5L; return x << wide(shift); }
    export fn f64(a f64) f64 { return -a / 2.5 + double(3L); }
  `);
  t.equal(i32!(200, 2), ((200 + 6 + 200) & 0xff) | 256);
  t.same([logic!(2, 1), logic!(5, 0), logic!(5, 9), logic!(4, 1)], [10, 1, 10, 0]);
  t.equal(logic!(-2, 0), 0, 'without a sign −2 is larger than 0');
  t.equal(i64!(-1n, 1), BigInt.asIntN(64, ((1n << 61n) - 1n + 5n) << 1n));
  t.equal(f64!(5), 1);
});

t.test('loops, calls, variables and memory', async (t) => {
  const { fib, sum, count } = run(`
    import fn twice(x i32) i32;
    global calls;
    fn next() { calls += 1; }
    export fn fib(n) i32 { next(); if (n < 2) { return n; } else if (n == 2) { return 1; } return fib(n - 1) + fib(n - 2); }
    export fn count() i32 { return calls; }
    export fn sum(at, end) i32 {
      let all = 0;
      while (1) {
        at += 1;
        if (at > end) { break; }
        if (load8(at - 1) == 2) { continue; }
        all += twice(load8(at - 1));
      }
      store16(at + 20, all);
      copy(at + 30, at + 20, 2);
      return load16(at + 30);
    }
  `);
  t.equal(fib!(10), 55);
  t.equal(count!(), 109);
  t.equal(sum!(100, 104), 2 * (1 + 3 + 250));
});

t.test('inline functions are written out where they are called', async (t) => {
  const source = `
    inline fn byte(p, i) i32 { return load8(p + i); }
    inline fn both(p) i32 { return byte(p, 0) * 10 + byte(p, 1); }
    inline fn put(p, value) { store8(p, value); store8(p + 1, value + 1); }
    export fn f(a, b) i32 { put(a + 20, both(a) - b * 2); return both(a + 20); }`;
  const { f } = run(source);
  t.equal(f!(100, 3), (12 - 6) * 10 + 7);
  t.notOk('byte' in run(source), 'and are none themselves');
  t.throws(() => compileKernel('inline fn one(p) { store8(p, 1); } fn f(a) { one(a, 2); }'), /arguments of one/);
  t.throws(() => compileKernel('inline fn one(p) { store8(p, 1);'), /not closed/);
});

t.test('a mistake in the text is told with its place', async (t) => {
  t.throws(() => compileKernel('fn f(a) i32 { return a + 1L; }'), /i32 \+ i64 in f/);
  t.throws(() => compileKernel('fn f(a) { b = a; }'), /no variable b in f/);
  t.throws(() => compileKernel('fn f(a) { g(a); }'), /no function g in f/);
  t.throws(() => compileKernel('fn f(a) { break; }'), /break outside of a loop in f/);
  t.throws(() => compileKernel('fn f(a) { if (a) { '), /a word expected|'}'/);
  t.throws(() => compileKernel('fn f(a) { a = §; }'), /cannot read/);
});
