import t from 'tap';
import { leastMsOf } from './cpu-time-fixture.ts';
import { inferringTyper, inferText } from './infer.ts';
import { type Data, int64Data, ScalarKind } from './ir.ts';

const LADDER: readonly (readonly [text: string, scalar: number, value: unknown])[] = [
  ['0', ScalarKind.INT64, 0],
  ['1', ScalarKind.INT64, 1],
  ['-0', ScalarKind.INT64, 0],
  ['+5', ScalarKind.INT64, 5],
  ['007', ScalarKind.INT64, 7],
  ['9007199254740993', ScalarKind.INT64, 9007199254740993n],
  ['9223372036854775807', ScalarKind.INT64, 9223372036854775807n],
  ['-9223372036854775808', ScalarKind.INT64, -9223372036854775808n],
  ['9223372036854775808', ScalarKind.UINT64, 9223372036854775808n],
  ['18446744073709551615', ScalarKind.UINT64, 18446744073709551615n],
  ['18446744073709551616', ScalarKind.DOUBLE, 2 ** 64],
  ['-9223372036854775809', ScalarKind.DOUBLE, -(2 ** 63)],
  ['0000000000000000000042', ScalarKind.DOUBLE, 42],
  ['1.5', ScalarKind.DOUBLE, 1.5],
  ['.5', ScalarKind.DOUBLE, 0.5],
  ['5.', ScalarKind.DOUBLE, 5],
  ['-1e-7', ScalarKind.DOUBLE, -1e-7],
  ['1e999', ScalarKind.STRING, '1e999'],
  ['true', ScalarKind.BOOL, true],
  ['T', ScalarKind.BOOL, true],
  ['FALSE', ScalarKind.BOOL, false],
  ['tRue', ScalarKind.STRING, 'tRue'],
  ['', ScalarKind.STRING, ''],
  ['abc', ScalarKind.STRING, 'abc'],
  ['1a', ScalarKind.STRING, '1a'],
  ['-', ScalarKind.STRING, '-'],
  ['.', ScalarKind.STRING, '.'],
  ['1.2.3', ScalarKind.STRING, '1.2.3'],
  ['0x10', ScalarKind.STRING, '0x10'],
  ['NaN', ScalarKind.STRING, 'NaN'],
  ['Infinity', ScalarKind.STRING, 'Infinity'],
  [' 1', ScalarKind.STRING, ' 1'],
  ['1_000', ScalarKind.STRING, '1_000'],
  ['٣', ScalarKind.STRING, '٣'],
];

const summary = (data: Data): unknown => [data.scalar, data.value];

t.test('the ladder', (t) => {
  for (const [text, scalar, value] of LADDER)
    t.strictSame(summary(inferText(text, null)), [scalar, value], `'${text}'`);
  t.notOk(Object.is(inferText('-0', null).value, -0), 'there is no negative zero among integers');
  t.end();
});

t.test('numbers in text keep the format of the text', (t) => {
  t.equal(inferText('1614834367', null).format?.kind, 'datetime');
  t.equal(inferText('4111111111111111', null).format?.kind, 'payment_card');
  t.equal(inferringTyper.number(int64Data(1614834367)).format?.kind, 'datetime');
  t.equal(inferringTyper.string('42', null).scalar, ScalarKind.STRING, 'JSON keeps JSON’s types');
  t.end();
});

t.test('hostile texts take bounded time', (t) => {
  let worst = 0;
  for (const unit of ['1', '1.', '1e', '+', '-', '.', 'e', '1e1', '0', ' ']) {
    for (const end of ['', 'x']) {
      const text = unit.repeat(1_000_000 / unit.length) + end;
      for (const hostile of [text, text.slice(0, 400), text.slice(0, 399) + end]) {
        worst = Math.max(
          worst,
          leastMsOf(() => inferText(hostile, null)),
        );
      }
    }
  }
  t.ok(worst < 50, `slowest: ${worst.toFixed(2)} ms`);
  t.end();
});
