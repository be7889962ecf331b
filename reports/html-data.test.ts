// More in a real browser: much data, many runs, and XML to a parser of it.
import t from 'tap';
import { renderJunit } from './junit.ts';
import { hostileNames, skipWithoutBrowser, startPageTrial } from './page-trial.ts';
import { sampleGate, sampleRun } from './sample-report.ts';
import { renderTrends } from './trends.ts';

t.test('data in a browser', { skip: skipWithoutBrowser, timeout: 600_000 }, async (t) => {
  const { open, close, folderUrl } = await startPageTrial();
  t.teardown(close);

  await t.test('half a million samples are open in two seconds', async (t) => {
    const report = sampleRun({ samples: 500_000 });
    const text: string[] = [];
    let isQuick = false;
    // The best of five: other work on the machine only ever adds, and comes and goes.
    for (let tries = 0; tries < 5 && !isQuick; tries += 1) {
      // On a machine at rest a small report is open in less; where it takes longer, other work takes its share of us.
      const small = await open(sampleRun());
      await small.page.close();
      const { page, readyMs, trouble } = await open(report);
      t.same(trouble, []);
      await page.close();
      const allowedMs = 2_000 * Math.max(1, small.readyMs / 400);
      isQuick = readyMs < allowedMs;
      text.push(
        `${Math.round(readyMs)} ms of ${Math.round(allowedMs)} ms (a small report ${Math.round(small.readyMs)} ms)`,
      );
    }
    t.ok(isQuick, text.join('; '));
    t.comment(`500,000 samples open in ${text.at(-1)}`);
  });

  await t.test('trends: a chart per budget, a way to each run, and nothing hostile runs', async (t) => {
    const hostile = hostileNames.slice(0, 4).join(' ');
    const entries = [1, 2, 3, 4].map((day) => ({
      href: day === 4 ? `../../${hostile}/report.html` : `run-${day}/report.html`,
      report: {
        ...sampleRun({ ok: day !== 3, hostile: day === 4 ? hostile : '' }),
        startedAt: `2026-03-1${day}T15:09:26.535Z`,
      },
    }));
    const { page, trouble } = await open(
      renderTrends([...entries, { href: 'javascript:alert(1)', report: sampleGate({ ok: false }) }], {
        unreadable: [{ name: hostile, why: 'not a report' }],
      }),
    );
    t.equal(await page.locator('.scenario-trend').count(), 5, 'by scenario, lane and defect');
    t.equal(await page.locator('.scroll tbody tr').count(), 7);
    const addresses = await page
      .locator('.scroll tbody a')
      .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
    t.ok(
      addresses.every((address) => address.startsWith(folderUrl)),
      addresses.join(' '),
    );
    t.equal(await page.evaluate(() => (globalThis as { pwned?: number }).pwned), undefined);
    t.equal(await page.locator('img, svg, iframe, script').count(), 0);
    t.same(trouble, []);
    await page.close();
  });

  await t.test('JUnit is well-formed to a parser of XML', async (t) => {
    const { page } = await open(sampleRun());
    for (const hostile of [...hostileNames, ']]>\u0001\ufffe&<']) {
      const failures = await page.evaluate(
        (xml) => {
          const parsed = new DOMParser().parseFromString(xml, 'application/xml');
          return parsed.querySelector('parsererror')?.textContent ?? parsed.querySelectorAll('failure').length;
        },
        renderJunit(sampleGate({ ok: false, hostile })),
      );
      t.equal(failures, 2, hostile);
    }
    await page.close();
  });
});
