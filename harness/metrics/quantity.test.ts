import t from 'tap';
import { metricFault } from './known-metric.ts';
import { limitsOf } from './limits.ts';
import { parseQuantity, parseThreshold, thresholdText } from './quantity.ts';

t.test('an amount is read in the unit it is for', async (t) => {
  t.equal(parseQuantity('20ms', 'x', 'ms'), 20, 'twenty milliseconds, not twenty thousandths of one');
  t.equal(parseQuantity('1.5s', 'x', 'ms'), 1_500);
  t.equal(parseQuantity('20ms', 'x', 'seconds'), 0.02);
  t.equal(parseQuantity('2min', 'x', 'seconds'), 120);
  t.equal(parseQuantity('300us', 'x', 'ms'), 0.3);
  t.equal(parseQuantity('40m', 'x', 'seconds'), 2_400, 'minutes, where a time is wanted');
  t.equal(parseQuantity('1.5 m', 'x', 'ms'), 90_000);
  t.equal(parseQuantity('2d', 'x', 'seconds'), 172_800);
  t.equal(parseQuantity('40m', 'x', 'bytes'), 40e6, 'megabytes, where bytes are');
  t.equal(parseQuantity('200MB', 'x', 'bytes'), 200e6);
  t.equal(parseQuantity('64KiB', 'x', 'bytes'), 65_536);
  t.equal(parseQuantity('10kB/s', 'x', 'bytesPerSecond'), 10_000);
  t.equal(parseQuantity('2 %', 'x', 'share'), 0.02);
  t.equal(parseQuantity('0.5', 'x', 'share'), 0.5);
  t.equal(parseQuantity('5k', 'x', 'count'), 5_000);
  t.equal(parseQuantity('7', 'x', 'ms'), 7, 'a number alone is in the unit itself');
});

t.test('a unit of something else is refused, with the right one', async (t) => {
  const cases: [string, Parameters<typeof parseQuantity>[2], RegExp, RegExp][] = [
    ['20MB', 'ms', /"20MB" is an amount of bytes, and an amount of time is wanted/, /20ms/],
    ['40mb', 'seconds', /"40mb" is an amount of bytes, and an amount of time is wanted/, /40m, 2h/],
    ['9'.repeat(400), 'seconds', /is more than can be counted/, /1\.5s/],
    ['20ms', 'bytes', /"20ms" is an amount of time, and an amount of bytes is wanted/, /200MB/],
    ['5%', 'count', /is a share, and a count is wanted/, /12/],
    ['1min', 'share', /is an amount of time, and a share is wanted/, /2%/],
    ['101%', 'share', /more than all of it/, /at most 100%/],
    ['soon', 'seconds', /"soon" is not an amount of time/, /1\.5s/],
    ['-1', 'bytes', /is not an amount of bytes/, /200MB/],
    ['1e400', 'count', /is not a count/, /12/],
    ['', 'bytes', /is not an amount/, /200MB/],
    ['5constructor', 'bytes', /is not an amount/, /200MB/],
  ];
  for (const [text, unit, message, hint] of cases) {
    t.throws(() => parseQuantity(text, '--x', unit), { code: 'option-invalid', message, hint }, `${text} as ${unit}`);
  }
});

t.test('limits by name', async (t) => {
  t.same(limitsOf(['gc.pauseP99=20ms', 'rss.p99=1GB', 'share:a=b/**=50%']), {
    'gc.pauseP99': 20,
    'rss.p99': 1e9,
    'share:a=b/**': 0.5,
  });
  t.throws(() => limitsOf(['rss.p9=1MB']), { message: /names no metric/, hint: /Did you mean rss\.p9.*gc\.share/ });
  t.throws(() => limitsOf(['nonsense=1']), { message: /no metric/, hint: /^Write NAME=VALUE with one of rss\.idle/ });
  t.throws(() => limitsOf(['rss.p99']), { message: /has no limit/, hint: /rss\.p99=VALUE/ });
  t.throws(
    () => limitsOf(['rss.p99=1MB', 'rss.p99=9GB']),
    { message: /rss\.p99 has two limits/ },
    'neither is dropped',
  );
  t.throws(() => limitsOf(['rss.p99=200MB,requests.failed=0']), {
    message: '--budget: "rss.p99=200MB,requests.failed=0" names 2 metrics at once',
    hint: 'The option is given once for each: --budget rss.p99=200MB --budget requests.failed=0.',
  });
  t.throws(() => limitsOf(['rss.p99=200MB,nonsense=0']), { message: /names no metric/ });
  t.equal(
    metricFault('rss.p99=200MB'),
    '"rss.p99=200MB" is more than a name: "rss.p99" is the metric, "200MB" its value',
    'a key of a configuration',
  );
  t.throws(() => limitsOf(['=5']), { code: 'option-invalid' });
  t.throws(() => limitsOf(['gc.pauseP99=20MB']), { message: /--budget gc\.pauseP99: "20MB"/, hint: /20ms/ });
});

t.test('a threshold beyond all of it is said in times', async (t) => {
  const read = (text: string) => parseThreshold(text, '--threshold');
  t.same(['2 %', '100 %', '3.5x', '×3.5', 'x 2'].map(read), [0.02, 1, 2.5, 2.5, 1]);
  t.throws(() => read('250 %'), { code: 'option-invalid', hint: 'Write "3.5x" for so many times as much.' });
  t.throws(() => read('0.5x'), { code: 'option-invalid' });
  // As a bisection gives half of the whole change to its comparisons: up to that from nothing.
  for (const share of [0.005, 0.5, 1, 1.2345, 11_013.2])
    t.ok(Math.abs(read(thresholdText(share)) / share - 1) < 1e-4, thresholdText(share));
});
