import fc from 'fast-check';
import t from 'tap';
import { type JsonHandler, JsonReader } from './json-reader.ts';

/** Builds plain values, and notes what is special. */
class Builder implements JsonHandler {
  readonly documents: unknown[] = [];
  readonly notes: string[] = [];
  #open: { into: unknown[] | Record<string, unknown>; key: string }[] = [];
  #put(value: unknown): void {
    const top = this.#open.at(-1);
    if (top === undefined) this.documents.push(value);
    else if (Array.isArray(top.into)) top.into.push(value);
    else Object.defineProperty(top.into, top.key, { value, enumerable: true, configurable: true, writable: true });
  }
  #begin(into: unknown[] | Record<string, unknown>): void {
    this.#put(into);
    this.#open.push({ into, key: '' });
  }
  beginObject = () => this.#begin({});
  beginArray = () => this.#begin([]);
  endObject = () => void this.#open.pop();
  endArray = () => void this.#open.pop();
  key(name: string): void {
    this.#open.at(-1)!.key = name;
  }
  string(value: string, cut: boolean): void {
    if (cut) this.notes.push('cut');
    this.#put(value);
  }
  integer = (value: number) => this.#put(value);
  bigInteger = (value: bigint) => this.#put(this.exact ? value : Number(value));
  exact = true;
  double = (value: number) => this.#put(value);
  boolean = (value: boolean) => this.#put(value);
  null = () => this.#put(null);
  skipped(): void {
    this.notes.push('skipped');
    this.#put('…');
  }
  endDocument(): void {
    this.notes.push('document');
  }
}

function read(text: string | Buffer, step = 1 << 30, limits = { depthMax: 64, stringBytesMax: 1 << 20 }, exact = true) {
  const builder = new Builder();
  builder.exact = exact;
  const reader = new JsonReader(limits, builder);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) {
    // A copy a piece, so that nothing can be read from beyond it or after it.
    const piece = Buffer.from(bytes.subarray(at, at + step));
    reader.push(piece, 0, piece.length);
    piece.fill(0xff);
  }
  return { ok: reader.finish(), documents: builder.documents, notes: builder.notes };
}

t.test('any JSON text in any pieces is what JSON.parse makes of it', async (t) => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.integer({ min: 1, max: 40 }), (text, step) => {
      const { ok, documents } = read(text, step, undefined, false);
      t.ok(ok);
      // Negative zero is an integer here, and integers have none.
      const wanted = JSON.parse(text, (_key, value) => (Object.is(value, -0) ? 0 : value));
      t.same(documents, [wanted]);
    }),
    { seed: 5, numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 9 }), (value, step) => {
      t.same(read(JSON.stringify(value), step).documents, [value]);
      const escaped = `"${[...Array(value.length)].map((_, i) => `\\u${value.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;
      t.same(read(escaped, step).documents, [value.toWellFormed()]);
    }),
    { seed: 6, numRuns: 300 },
  );
});

t.test('numbers', async (t) => {
  const cases: [string, unknown][] = [
    ['0', 0],
    ['-0', 0],
    ['123456789012345', 123456789012345],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['18446744073709551615', 18446744073709551615n],
    ['18446744073709551616', 2 ** 64],
    ['-9223372036854775809', -(2 ** 63)],
    ['1e3', 1000],
    ['-3.14', -3.14],
    ['5E-324', 5e-324],
    ['1e999', Number.POSITIVE_INFINITY],
  ];
  for (const [text, value] of cases) {
    for (const step of [1, 2, 100]) t.same(read(`[${text}]`, step).documents, [[value]], `${text} by ${step}`);
    t.same(read(text, 1).documents, [value], `${text} alone`);
  }
  for (const text of ['01', '-', '1.', '.5', '1e', '+1', '--1', '1-2', '0x10']) t.notOk(read(text).ok, text);
});

t.test('several documents, prefixes, control characters', async (t) => {
  t.same(read('{"a":1}{"a":2}\n[3]\u001e4').documents, [{ a: 1 }, { a: 2 }, [3], 4]);
  t.same(read('\ufeff{"a":"x"}').documents, [{ a: 'x' }]);
  t.same(read(`)]}',\n{"a":1}`).documents, [{ a: 1 }]);
  t.same(read('{"a":"line\nbreak\u0000\ttab"}').documents, [{ a: 'line\nbreak\u0000\ttab' }]);
  t.same(read('"\\ud83d\\ude00 \\ud83d \\ude00"').documents, ['😀 \ufffd \ufffd']);
  t.same(read(Buffer.from([0x22, 0xff, 0x41, 0x22])).documents, ['\ufffdA']);
  t.notOk(read('').ok);
  t.notOk(read('   ').ok);
});

t.test('what came before an error stands', async (t) => {
  for (const text of [
    '{"a":[1,2,{"b":tru',
    '{"a":[1,2,{"b":3}},',
    '{"a":[1,2,{"b" 3',
    '{"a":[1,2,{]',
    '{"a":[1,2,x',
    '{"a":[1,2,"no end',
  ]) {
    const { ok, documents } = read(text, 3);
    t.notOk(ok, text);
    t.match(documents, [{ a: [1, 2] }], text);
  }
});

t.test('deep nesting is passed over, long strings are cut at a character', async (t) => {
  const limits = { depthMax: 2, stringBytesMax: 16 };
  for (const step of [1, 5, 1000]) {
    const deep = read('[[ [1,"]\\"[",{"a":[]}], 2 ], 3]', step, limits);
    t.same(deep.documents, [[['…', 2], 3]]);
    t.ok(deep.ok);
    const long = read(`["${'ä'.repeat(20)}","ok","\\u00e4${'x'.repeat(50)}"]`, step, limits);
    t.ok(long.ok);
    const [first, second, third] = long.documents[0] as string[];
    t.match(first, /^ä{7,8}$/);
    t.equal(second, 'ok');
    t.match(third, /^äx{13,14}$/);
    t.same(long.notes, ['cut', 'cut', 'document']);
  }
  const bomb = read('['.repeat(1_000_000), 1 << 16, limits);
  t.notOk(bomb.ok);
});

t.test('random bytes never throw', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...'{}[]",:\\u0019eE+-.tfn \n\x00é')),
      fc.integer({ min: 1, max: 7 }),
      (text, step) => {
        read(text.join(''), step);
      },
    ),
    { seed: 7, numRuns: 3000 },
  );
  t.pass('3,000 texts');
});
