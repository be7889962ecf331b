// The pages of a history in a real browser: they show what changed and since when, two clicks compare, and nothing in a name runs.
import t from 'tap';
import { type HistoryData, type HistoryRun, renderHistory } from './history.ts';
import { hostileNames, skipWithoutBrowser, startPageTrial } from './page-trial.ts';

const runAt = (at: number, words = 'cart'): HistoryRun => ({
  id: at.toString(16).padStart(16, '0'),
  startedAt: new Date(Date.UTC(2026, 2, 1) + at * 3_600_000).toISOString(),
  scenario: words,
  lane: 'load',
  machine: `linux x64 ${words}`,
  commit: 'c0ffee'.padEnd(40, '0'),
  subject: words,
  branch: 'main',
  dirty: false,
  exitCode: 0,
  headline: `within budget ${words}`,
  partial: false,
  comparable: true,
});

/** One metric that rises by a tenth in the middle, and one that stands. */
function historyOf(count: number, words = 'cart'): HistoryData {
  const runs = Array.from({ length: count }, (_, at) => runAt(at, words));
  const half = count >> 1;
  const common = { limits: runs.map(() => 200e6), baseline: null, waiver: '', looked: count, needed: 20 } as const;
  return {
    kind: 'history',
    project: words,
    store: `.floodgate/history.db ${words}`,
    left: 3,
    metricNames: ['rss.max', words],
    chosen: '',
    series: [
      {
        scenario: words,
        lane: 'load',
        defect: null,
        machine: `linux x64 ${words}`,
        runs,
        metrics: [
          {
            ...common,
            name: 'rss.max',
            unit: 'bytes',
            bound: 'max',
            values: runs.map((_, at) => (at < half ? 100e6 : 110e6) + (at % 7) * 1e5),
            baseline: { value: 100e6, words: `accepted by ${words}` },
            points: count >= 20 ? [{ index: half, before: 100e6, after: 110e6 }] : [],
          },
          { ...common, name: words, unit: 'count', bound: 'max', values: runs.map(() => 5), waiver: words, points: [] },
        ],
      },
    ],
  };
}

t.test('the pages in a browser', { skip: skipWithoutBrowser, timeout: 600_000 }, async (t) => {
  const { open, close } = await startPageTrial();
  t.teardown(close);

  await t.test('two thousand runs: what changed, since when, by which commit', async (t) => {
    const { page, trouble } = await open(renderHistory(historyOf(2_000)));
    const [change] = await page.locator('section').first().locator('tbody tr').allTextContents();
    t.match(change, /2026-04-11 16:00c0ffee00 cartcartrss\.max100 MB110 MB\+10 % worse/);
    t.match(await page.textContent('.trend .found'), /2026-04-11 16:00 c0ffee00 cart: 100 MB → 110 MB/);
    t.match(await page.textContent('.trend'), /Baseline 100 MB: accepted by cart/);
    t.equal(await page.locator('.uplot').count(), 1, 'what never moves is no chart');
    t.match(await page.locator('section', { hasText: 'The same in every run' }).textContent(), /cart5200,000,000–cart/);
    t.equal(await page.locator('section').last().locator('tbody tr').count(), 2_000);
    t.match(await page.locator('section').last().textContent(), /3 older runs are not shown/);
    t.same(trouble, []);
    await page.close();
  });

  await t.test('two runs: what they measured, how they differ, and what it takes for more', async (t) => {
    const { page, trouble } = await open(renderHistory(historyOf(2)));
    t.match(await page.locator('section').first().textContent(), /2 metrics have fewer than 20 runs/);
    t.match(await page.textContent('.trend'), /110 MB, before 100 MB \(\+10\.1 %\), limit 200 MB/);
    await page.locator('.uplot .u-over').click({ position: { x: 200, y: 30 } });
    t.match(await page.textContent('.choice'), /2026-03-01 01:00 .* choose another run to compare, or open its report/);
    t.same(trouble, []);
    const asked = page.waitForRequest(/\/compare\?a=0{16}&b=0{15}1$/);
    await page.locator('tbody tr', { hasText: '2026-03-01 00:00' }).locator('button', { hasText: 'compare' }).click({
      noWaitAfter: true,
    });
    t.ok(await asked, 'the older one comes first');
    await page.close();
  });

  await t.test('two runs side by side', async (t) => {
    const metric = { name: 'rss.max', unit: 'bytes', bound: 'max' } as const;
    const metrics = [
      { ...metric, a: 100e6, b: 120e6 },
      { ...metric, name: 'cpu.seconds', unit: 'seconds', a: 2, b: 1 },
      { ...metric, name: 'heap.max', a: 5, b: 5 },
      { ...metric, name: 'gc.pauseP99', a: null, b: 5 },
    ] as const;
    const text = renderHistory({
      kind: 'pair',
      project: 'shop',
      a: runAt(1),
      b: { ...runAt(2), machine: 'x' },
      metrics,
    });
    const { page, trouble } = await open(text, { hasChart: false });
    t.same(await page.locator('tbody tr').allTextContents(), [
      'cpu.seconds2 s1 s−50 % better',
      'rss.max100 MB120 MB+20 % worse',
    ]);
    t.match(
      await page.textContent('main'),
      /two classes of machine[\s\S]*1 figures are the same[\s\S]*only: gc\.pauseP99/,
    );
    t.same(trouble, []);
    await page.close();
  });

  await t.test('on a phone nothing is wider than the screen; nothing hostile runs', async (t) => {
    const { page, trouble } = await open(renderHistory(historyOf(30, hostileNames.join(' '))));
    t.equal(await page.evaluate(() => (globalThis as { pwned?: number }).pwned), undefined);
    t.equal(await page.locator('img, svg, iframe, script').count(), 0);
    await page.setViewportSize({ width: 390, height: 800 });
    const isNarrow = () =>
      [document.documentElement, ...document.querySelectorAll('.scroll')].every(
        (node) => node.scrollWidth <= node.clientWidth,
      );
    t.ok(await page.waitForFunction(isNarrow));
    t.same(trouble, []);
    await page.close();
  });
});
