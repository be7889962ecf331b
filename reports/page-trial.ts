/** For the tests of the pages: a real browser, and whatever goes wrong in a page that it opens. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { renderHtml } from './html.ts';
import type { Report } from './model.ts';

const chromiumPath = process.env.FLOODGATE_CHROMIUM ?? '/usr/bin/chromium';

/** Why the tests that need a browser are left out; false where there is one. */
export const skipWithoutBrowser =
  !existsSync(chromiumPath) && `NO CHROMIUM HERE (${chromiumPath}): the page was not opened in a browser`;

/** Names that try to become script or markup. */
export const hostileNames: readonly string[] = [
  '</script><script>globalThis.pwned=1</script>',
  '<img src=x onerror="globalThis.pwned=1">',
  '<!--<script>',
  '"><svg onload=globalThis.pwned=1>',
  "javascript:globalThis.pwned=1//'-globalThis.pwned-'",
  '{{constructor.constructor("globalThis.pwned=1")()}}',
];

export interface OpenedPage {
  readonly page: Page;
  /** Console messages, errors, dialogs and requests to anywhere but disk, as they come. */
  readonly trouble: string[];
  /** From the address to the first chart. */
  readonly readyMs: number;
}

export interface PageTrial {
  /** Folder of the pages as a URL. */
  readonly folderUrl: string;
  /** Opens a report, or a page as it is, from disk. */
  open(report: Report | string, options?: { readonly hasChart: boolean }): Promise<OpenedPage>;
  close(): Promise<void>;
}

/** Starts a browser. */
export async function startPageTrial(): Promise<PageTrial> {
  const dir = mkdtempSync(path.join(tmpdir(), 'floodgate-html-'));
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  let pages = 0;
  return {
    folderUrl: pathToFileURL(dir).href,
    async open(report, { hasChart } = { hasChart: true }) {
      pages += 1;
      const file = path.join(dir, `${pages}.html`);
      writeFileSync(file, typeof report === 'string' ? report : renderHtml(report));
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      // A starved machine takes long, and nothing here is about how long.
      page.setDefaultTimeout(240_000);
      const trouble: string[] = [];
      page.on('console', (message) => void trouble.push(`console: ${message.text()}`));
      page.on('pageerror', (error) => void trouble.push(`error: ${error.message}`));
      page.on('dialog', (dialog) => {
        trouble.push(`dialog: ${dialog.message()}`);
        return dialog.dismiss();
      });
      page.on('request', (request) => {
        if (!request.url().startsWith('file:')) trouble.push(`request: ${request.url()}`);
      });
      const started = performance.now();
      await page.goto(pathToFileURL(file).href);
      await page.waitForSelector('html[data-ready]');
      if (hasChart) await page.waitForSelector('.uplot canvas');
      return { page, trouble, readyMs: performance.now() - started };
    },
    async close() {
      await browser.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
