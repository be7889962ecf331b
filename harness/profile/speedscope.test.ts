// speedscope's own importer, in a browser, opens what we write.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import t from 'tap';
import { writeCollapsed } from './collapsed.ts';
import { writeHeapProfile } from './heap-profile.ts';
import { writePprof } from './pprof.ts';
import { sampleProfile } from './sample-profile-fixture.ts';
import { readSpeedscope, writeSpeedscope } from './speedscope.ts';

const chromiumPath = process.env.FLOODGATE_CHROMIUM ?? '/usr/bin/chromium';
const skip = !existsSync(chromiumPath) && `NO CHROMIUM HERE (${chromiumPath}): speedscope's importer was not tried`;

t.test("speedscope's importer reads what we write", { skip, timeout: 300_000 }, async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'floodgate-speedscope-'));
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
  t.teardown(async () => {
    await browser.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const release = path.join(
    path.dirname(createRequire(import.meta.url).resolve('speedscope/package.json')),
    'dist/release',
  );
  // Its boxes have widths: what shrank cannot be shown.
  const profile = readSpeedscope(writeSpeedscope(sampleProfile()));
  const files: [name: string, bytes: Uint8Array][] = [
    ['a.speedscope.json', Buffer.from(writeSpeedscope(profile, 'a.speedscope.json'))],
    ['b.pb.gz', writePprof(profile)],
    ['c.heapprofile', Buffer.from(writeHeapProfile(profile, 'alloc_space'))],
    ['d.collapsed.txt', Buffer.from(writeCollapsed(profile, 'alloc_space'))],
  ];
  for (const [name, bytes] of files) {
    const loader = path.join(dir, `${name}.js`);
    const base64 = Buffer.from(bytes).toString('base64');
    writeFileSync(loader, `speedscope.loadFileFromBase64(${JSON.stringify(name)}, ${JSON.stringify(base64)})`);
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${pathToFileURL(path.join(release, 'index.html')).href}#localProfilePath=${loader}`);
    await page.getByText('Sandwich').click();
    const table = page
      .getByText('agent/http/parser.ts')
      .or(page.getByText('parse', { exact: true }))
      .first();
    await table.waitFor({ timeout: 10_000 });
    const text = await page.textContent('body');
    t.match(text, 'main', `${name}: main`);
    t.match(text, /11\.50 GB|12345679201|12,345,679,201/, `${name}: all its bytes (12,345,679,201)`);
    t.equal(await page.evaluate('globalThis.pwned'), undefined);
    await page.close();
  }
});
