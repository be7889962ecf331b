import t from 'tap';
import {
  formatBar,
  formatBytes,
  formatCount,
  formatDifference,
  formatDuration,
  formatFound,
  formatShare,
  formatSite,
  formatValue,
  printable,
  sparkLine,
} from './format.ts';

t.test('values read the way a person would write them', async (t) => {
  const cases: [string, string][] = [
    [formatFound(4, 5, 'requests'), '4 of 5 requests'],
    [formatFound(5, 5, 'responses'), '5 of 5 responses'],
    [
      formatFound(601, 561, 'responses'),
      '561 of 561 responses (and 40 more: interim answers, damaged ones, or others that may be found)',
    ],
    [formatBytes(0), '0 B'],
    [formatBytes(999), '999 B'],
    [formatBytes(999_600), '1 MB'],
    [formatBytes(1_500), '1.5 kB'],
    [formatBytes(74_600_000), '74.6 MB'],
    [formatBytes(5_368_709_120), '5.37 GB'],
    [formatBytes(-2_000_000), '-2 MB'],
    [formatDifference(-2_000_000, 'bytes'), '−2 MB'],
    [formatDifference(2_000_000, 'bytes'), '+2 MB'],
    [formatDuration(0.0125), '12.5 µs'],
    [formatDuration(3_200), '3.2 s'],
    [formatDuration(60_000), '60 s'],
    [formatDuration(185_000), '3 min 5 s'],
    [formatDuration(7_500_000), '2 h 5 min'],
    [formatShare(0.301), '30.1 %'],
    [formatShare(0.0002), '0.02 %'],
    [formatShare(1), '100 %'],
    [formatCount(1_234_567), '1,234,567'],
    [formatCount(1.5), '1.5'],
    [formatValue(75e6, 'bytesPerSecond'), '75 MB/s'],
    [formatValue(1.5, 'seconds'), '1.5 s'],
    [formatValue(12, 'perSecond'), '12/s'],
  ];
  for (const [actual, expected] of cases) t.equal(actual, expected);
});

t.test('a name is one safe line', async (t) => {
  t.equal(printable('a\u001b[31m\nb\u202e'), 'a�[31m�b�');
  t.equal(printable('x'.repeat(100), 10), `${'x'.repeat(9)}…`);
  t.equal(formatSite({ functionName: '', file: '', line: 0 }), '(anonymous)');
  t.equal(formatSite({ functionName: 'f', file: 'a.ts', line: 3 }), 'a.ts:3 f');
});

t.test('a spark line keeps every peak, whatever its width', async (t) => {
  const tMs = Array.from({ length: 1000 }, (_, i) => i);
  const values = tMs.map((i) => (i === 512 ? 9 : 1));
  t.equal(sparkLine(tMs, values, 10), '▁▁▁▁▁█▁▁▁▁');
  t.equal(
    sparkLine(
      tMs,
      tMs.map(() => 5),
      4,
    ),
    '▁▁▁▁',
  );
  t.equal(sparkLine([0, 1, 2], [null, null, null], 4), '');
  t.equal(sparkLine([], [], 4), '');
  t.equal(sparkLine([0], [3], 3).length, 3);
  t.equal(formatBar(3, 4), '████');
  t.equal(formatBar(0.5, 4), '██░░');
});

t.test('what is beyond every scale is no number of it', async (t) => {
  t.equal(formatShare(82_292_736), '×82,292,736');
  t.equal(formatShare(5), '500 %');
  t.equal(formatShare(Number.POSITIVE_INFINITY), '∞');
  t.equal(formatValue(Number.POSITIVE_INFINITY, 'bytesPerSecond'), '∞');
  t.equal(formatValue(Number.POSITIVE_INFINITY, 'bytes'), '∞');
});
