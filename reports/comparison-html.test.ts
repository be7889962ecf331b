// The page of a comparison in a real browser: it shows what was decided and how surely, and nothing in a name runs.
import t from 'tap';
import { sampleComparison } from './comparison-fixture.ts';
import { renderComparisonHtml } from './comparison-html.ts';
import { hostileNames, skipWithoutBrowser, startPageTrial } from './page-trial.ts';

t.test('the page in a browser', { skip: skipWithoutBrowser, timeout: 600_000 }, async (t) => {
  const { open, close } = await startPageTrial();
  t.teardown(close);

  await t.test('shows the verdict, each metric with its interval, the call sites and every pair', async (t) => {
    const { page, trouble } = await open(renderComparisonHtml(sampleComparison()));
    t.equal(await page.textContent('.word'), 'WORSE');
    t.match(await page.textContent('h1'), /allocated\.perRequest of cart \+10 %/);
    const rows = page.locator('article > .scroll tbody tr');
    t.equal(await rows.count(), 4, 'what has no threshold is folded away');
    t.match(await rows.first().getAttribute('class'), 'over');
    const strip = page.locator('.strip').first();
    t.equal(await strip.getAttribute('aria-label'), '+10 %, between +9.8 % … +10.3 %, limit +3 %');
    const places = await strip.evaluate((node) =>
      ['zero', 'limit', 'interval'].map((kind) => node.querySelector(`.${kind}`)!.getBoundingClientRect().x),
    );
    t.same(
      places.toSorted((a, b) => a - b),
      places,
      'no change, then the limit, then the interval that is beyond it',
    );
    t.equal(await rows.nth(2).locator('.strip').count(), 0, 'nothing is drawn of what was not measured');
    const canvas = page.locator('canvas.flame');
    t.match(
      await canvas.getAttribute('aria-label'),
      /everything: 1 kB a request in the head, 1 kB a request in the base/,
      'base and head in one flame graph',
    );
    await canvas.focus();
    for (const key of ['ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
    t.match(
      await canvas.getAttribute('aria-label'),
      /src\/check out\.ts parseCart: 600 B a .*head, 500 B .*\(\+100 B\)/,
    );
    await page.locator('summary', { hasText: '1 more, each below 1 %' }).click();
    t.match(await page.locator('details', { hasText: '1 more, each' }).textContent(), /settle/);
    t.match(await page.textContent('.inner'), /src\/check out\.ts:41 parseCart/);
    t.match(await page.locator('details[open] pre').textContent(), /^> 41 \| {3}rows\.push.*<\/pre><b>/m);
    t.equal(await page.locator('.uplot').count(), 4, 'a chart for each metric that was measured, and memory over time');
    t.match(
      await page.locator('section, .inner', { hasText: 'Pair 3, whose ratio' }).last().textContent(),
      /base.*head/,
    );
    await page.locator('summary', { hasText: 'not judged' }).click();
    t.match(await page.locator('details', { hasText: 'not judged' }).textContent(), /cpu\.seconds/);
    t.same(trouble, []);
    await page.close();
  });

  await t.test('on a phone nothing is wider than the screen', async (t) => {
    const { page } = await open(renderComparisonHtml(sampleComparison()));
    await page.setViewportSize({ width: 390, height: 800 });
    // Charts follow the width of their place a moment later. Tables neither.
    const isNarrow = () =>
      [document.documentElement, ...document.querySelectorAll('.scroll')].every(
        (node) => node.scrollWidth <= node.clientWidth,
      );
    t.ok(await page.waitForFunction(isNarrow));
    await page.close();
  });

  await t.test('nothing hostile runs', async (t) => {
    const hostile = hostileNames.join(' ');
    const { page, trouble } = await open(renderComparisonHtml(sampleComparison(hostile)));
    t.equal(await page.evaluate(() => (globalThis as { pwned?: number }).pwned), undefined);
    t.equal(await page.locator('img, svg, iframe, script').count(), 0);
    t.match(await page.textContent('h2'), hostileNames[1], 'and it is shown as what it is');
    t.same(trouble, []);
    await page.close();
  });
});
