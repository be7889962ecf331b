// The page of a sign-off in a real browser: what a person decides by is on it, it prints, and nothing in a name runs.
import t from 'tap';
import { ledger, sealedFixture } from '../harness/signoff/bundle-fixture.ts';
import { hostileNames, skipWithoutBrowser, startPageTrial } from './page-trial.ts';
import type { SignoffReport } from './signoff.ts';
import { knownFrames, renderSignoffHtml, signoffFrame } from './signoff-html.ts';

const folder = t.testdir();
const { report } = await sealedFixture(`${folder}/waived`, { isPacked: true });
const failing = (await sealedFixture(`${folder}/worse`, { growth: 1.02, ledger: { ...ledger, waivers: [] } })).report;

t.test('a page without what it says is the same for every sign-off', async (t) => {
  const frame = signoffFrame(renderSignoffHtml(report), report);
  t.match(frame, /^<!doctype html>/);
  t.equal(signoffFrame(renderSignoffHtml(failing), failing), frame);
  t.equal(signoffFrame(renderSignoffHtml(report), failing), undefined, 'another one’s');
  t.equal(signoffFrame(`${renderSignoffHtml(report)}${renderSignoffHtml(report)}`, report), undefined, 'twice');
  t.ok(
    Object.values(knownFrames())
      .flat()
      .every((digest) => /^[0-9a-f]{64}$/.test(digest)),
  );
});

t.test('the page in a browser', { skip: skipWithoutBrowser, timeout: 600_000 }, async (t) => {
  const { open, close } = await startPageTrial();
  t.teardown(close);

  await t.test('a release that is signed off, with a waiver', async (t) => {
    const { page, trouble } = await open(renderSignoffHtml(report), { hasChart: false });
    t.equal(await page.textContent('.word'), 'SIGNED OFF');
    t.match(await page.textContent('h1'), /v1\.4\.0 is within its limits in 1 scenario.*waived: allocated\.perMessage/);
    t.match(await page.textContent('header'), /7 limits: 6 hold, 1 is broken and waived\./);
    t.match(await page.textContent('.facts'), /shop-1\.4\.0\.tgz, SHA-256 dddd/);
    const open1 = page.locator('section', { hasText: 'What is open' });
    t.match(await open1.textContent(), /steady\/exact\/allocated\.perMessage[\s\S]*2026-12-31anna/);
    t.equal(await page.locator('article tbody tr').count(), 7, 'six limits, one comparison');
    t.match(
      await page.textContent('main > section:last-child'),
      /floodgate verify \. --key release\.pub --candidate shop-1\.4\.0\.tgz/,
    );
    await page.emulateMedia({ media: 'print' });
    t.equal(await page.locator('.top button').isVisible(), false, 'paper has no buttons');
    t.same(trouble, []);
    await page.close();
  });

  await t.test('one that is not', async (t) => {
    const { page } = await open(renderSignoffHtml(failing), { hasChart: false });
    t.equal(await page.textContent('.word'), 'FAIL');
    t.match(await page.textContent('section:has(.open)'), /Broken \(2\)/);
    t.match(await page.locator('article tr.over').last().textContent(), /allocated\.perMessageworse\+2/);
    await page.close();
  });

  await t.test('on a phone nothing is wider than the screen, and no name runs', async (t) => {
    const name = hostileNames.join(' ');
    const [scenario] = report.scenarios;
    const hostile: SignoffReport = {
      ...report,
      release: name,
      scenarios: [{ ...scenario!, runs: scenario!.runs.map((run) => ({ ...run, command: name })) }],
      waivers: report.waivers.map((waiver) => ({ ...waiver, owner: name, reason: name })),
      notes: [{ severity: 'warning', text: name }],
    };
    const { page, trouble } = await open(renderSignoffHtml(hostile), { hasChart: false });
    await page.setViewportSize({ width: 390, height: 800 });
    t.ok(
      await page.waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth),
    );
    t.equal(await page.evaluate(() => (globalThis as { pwned?: number }).pwned), undefined);
    t.equal(await page.locator('img, svg, iframe, script').count(), 0);
    t.same(trouble, []);
    await page.close();
  });
});
