// The page in a real browser: it shows, it zooms, it searches, and nothing in it runs but its own script.
import t from 'tap';
import { renderHtml } from './html.ts';
import { hostileNames, skipWithoutBrowser, startPageTrial } from './page-trial.ts';
import { sampleGate, sampleRun, sampleUndecidedRun } from './sample-report.ts';

t.test('the page in a browser', { skip: skipWithoutBrowser, timeout: 600_000 }, async (t) => {
  const { open, close } = await startPageTrial();
  t.teardown(close);

  await t.test('shows the verdict, the budgets, the time line and the first suspect', async (t) => {
    const { page, trouble } = await open(sampleRun({ ok: false }));
    t.equal(await page.textContent('.word'), 'FAIL');
    t.match(await page.textContent('.verdict'), /RSS p99 400 MB is over its limit/);
    t.equal(await page.locator('tr.over').count(), 2);
    t.equal(await page.locator('.uplot').count(), 5, 'memory, frames, bytes, pages, streams');
    t.match(await page.textContent('.first'), 'agent/tcp/assembler.ts:142 Assembler.insert');
    t.same(trouble, []);
    await page.close();
  });

  await t.test('shows what could not be decided as that', async (t) => {
    const { page, trouble } = await open(sampleUndecidedRun());
    t.equal(await page.textContent('.word'), 'UNDECIDED');
    t.equal(await page.locator('tr.unknown').count(), 2);
    t.equal(await page.locator('tr.over').count(), 0);
    t.match(await page.textContent('article'), /what the capture dropped was not counted/);
    t.same(trouble, []);
    await page.close();
  });

  await t.test('zooms by drag, by key and by button, all charts together', async (t) => {
    const { page } = await open(sampleRun({ ok: false }));
    const status = page.locator('.timeline .controls .dim').first();
    t.equal(await status.textContent(), '');
    await page.locator('.timeline').scrollIntoViewIfNeeded();
    const over = (await page.locator('.u-over').first().boundingBox())!;
    await page.mouse.move(over.x + over.width * 0.25, over.y + 50);
    await page.mouse.down();
    await page.mouse.move(over.x + over.width * 0.5, over.y + 60, { steps: 4 });
    await page.mouse.up();
    t.match(await status.textContent(), /^1[45](\.\d)? s – (29|30)(\.\d)? s$/, 'a quarter of the minute');
    await page.locator('.timeline').press('+');
    t.match(await status.textContent(), /^18(\.\d)? s – 26(\.\d)? s$/);
    await page.locator('.timeline').press('ArrowRight');
    t.match(await status.textContent(), /^20(\.\d)? s – 2[78](\.\d)? s$/);
    await page.locator('.timeline').press('0');
    t.equal(await status.textContent(), '');
    await page.getByRole('button', { name: 'Spike 1' }).click();
    t.match(await status.textContent(), /^16(\.\d)? s – 40(\.\d)? s$/);
    await page.mouse.move(over.x + 300, over.y + 50);
    const legends = await page.locator('.u-legend .u-series:nth-child(2) .u-value').allTextContents();
    t.equal(
      legends.filter((text) => /\d/.test(text)).length,
      5,
      `every chart shows its value at the cursor: ${legends}`,
    );
    await page.close();
  });

  await t.test('tabs, the flame graph and its search work by mouse and by keyboard', async (t) => {
    const { page, trouble } = await open(sampleRun({ ok: false }));
    await page.getByRole('tab', { name: 'Suspects' }).press('ArrowRight');
    t.equal(await page.getByRole('tab', { name: 'Made of' }).getAttribute('aria-selected'), 'true');
    await page.getByRole('tab', { name: 'Made of' }).press('ArrowRight');
    t.equal(await page.getByRole('tab', { name: 'Flame graph' }).getAttribute('aria-selected'), 'true');
    const canvas = page.locator('canvas.flame');
    await canvas.waitFor({ state: 'visible' });
    const painted = () => canvas.evaluate((node: HTMLCanvasElement) => node.toDataURL().length);
    const detail = page.locator('.flame-detail');
    t.match(await detail.textContent(), /^everything: \d/);
    const box = (await canvas.boundingBox())!;
    await page.mouse.move(box.x + 60, box.y + 28);
    t.match(await detail.textContent(), /agent\/.*\.ts:\d+/);
    const whole = await painted();
    await page.mouse.click(box.x + box.width - 40, box.y + 28);
    t.not(await painted(), whole, 'a click focuses');
    await canvas.press('Escape');
    t.match(await detail.textContent(), /^everything/);
    await page.getByLabel('Search function or file').fill('assembler');
    t.match(await page.locator('.controls', { hasText: 'found' }).textContent(), /\d %? ?found|% found/);
    const unfound = await painted();
    await page.getByLabel('Search function or file').fill('no such thing');
    t.not(await painted(), unfound, 'what is found is marked');
    for (const label of ['inverted', 'by line']) {
      const before = await painted();
      await page.getByLabel(label).click();
      t.not(await painted(), before, label);
    }
    await page.getByLabel('Width of a box').selectOption('growth');
    await canvas.focus();
    await canvas.press('ArrowDown');
    t.notMatch(await detail.textContent(), /^everything/);
    await page.getByRole('tab', { name: 'Retained' }).click();
    t.match(await page.textContent('[role=tabpanel]:not([hidden])'), 'StreamTable → Assembler');
    await page.getByRole('tab', { name: 'Suspects' }).click();
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('button', { name: 'Share' }).click();
    t.match(
      await page.locator('[role=tabpanel]:not([hidden]) tbody tr').first().textContent(),
      'visitObject',
      'sorted up',
    );
    t.same(trouble, []);
    await page.close();
  });

  await t.test('nothing hostile runs, in any place a name can stand', async (t) => {
    for (const hostile of [hostileNames.slice(0, 3).join(' '), hostileNames.slice(3).join(' ')]) {
      const { page, trouble } = await open(sampleGate({ ok: false, hostile }));
      for (const tab of await page.getByRole('tab').all()) await tab.click();
      await page.locator('summary', { hasText: 'counters' }).click();
      await page.getByLabel('Filter counters').fill('x');
      t.equal(await page.evaluate(() => (globalThis as { pwned?: number }).pwned), undefined, hostile);
      t.equal(await page.locator('img, svg, iframe, script').count(), 0, 'no element that a name could have made');
      t.match(await page.textContent('body'), hostile, 'and it is shown as what it is');
      t.same(trouble, []);
      await page.close();
    }
  });

  await t.test('the policy forbids what would get in all the same', async (t) => {
    const { page, trouble } = await open(sampleRun());
    const ran = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.pwned = 1';
      document.body.append(script);
      const image = document.createElement('div');
      image.innerHTML = '<img src="data:," onerror="globalThis.pwned = 2">';
      document.body.append(image);
      await fetch('https://example.invalid/').catch(() => 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return (globalThis as { pwned?: number }).pwned;
    });
    t.equal(ran, undefined);
    t.ok(
      trouble.some((line) => /Content Security Policy/.test(line)),
      'the browser says that it refused',
    );
    await page.close();
  });

  await t.test('a gate shows the scenario that is over first, and any other on demand', async (t) => {
    const { page } = await open(sampleGate({ ok: false }));
    t.equal(await page.locator('article h1').textContent(), 'incident');
    await page.getByRole('button', { name: /recorded-burst/ }).click();
    t.equal(await page.locator('article h1').textContent(), 'recorded-burst');
    t.equal(await page.locator('article .word').textContent(), 'PASS');
    await page.close();
  });

  await t.test('dark follows the system and the button', async (t) => {
    const { page } = await open(sampleRun());
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForSelector('html[data-theme=dark]');
    t.not(await background(), light);
    await page.getByLabel('Dark or light').click();
    t.equal(await background(), light);
    await page.close();
  });

  await t.test('on paper everything is there, and white', async (t) => {
    const { page } = await open(sampleRun({ ok: false }));
    await page.getByLabel('Dark or light').click();
    const shown = () =>
      page.evaluate(() => ({
        theme: document.documentElement.dataset.theme,
        panels: [...document.querySelectorAll<HTMLElement>('[role=tabpanel]')].filter((panel) => panel.offsetHeight > 0)
          .length,
        flamePx: document.querySelector<HTMLCanvasElement>('canvas.flame')!.offsetWidth,
      }));
    t.match(await shown(), { theme: 'dark', panels: 1, flamePx: 0 });
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    t.match(await shown(), { theme: 'light', panels: 6 });
    const painted = await page.locator('canvas.flame').evaluate((node: HTMLCanvasElement) => node.toDataURL().length);
    t.ok(painted > 5_000, 'the flame graph is drawn though its tab was never opened');
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    t.match(await shown(), { theme: 'dark', panels: 1 });
    await page.close();
  });
});

t.test('the page stays small', async (t) => {
  const page = renderHtml(sampleRun({ samples: 100 }));
  t.ok(page.length < 2_000_000, `${page.length} characters`);
  t.notMatch(page.replace(/<script.*?<\/script>/gs, ''), /(src|href)=/, 'it fetches nothing');
});
