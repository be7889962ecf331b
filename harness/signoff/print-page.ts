/** The page as PDF, by a Chromium that is installed. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** A page of a thousand tables takes some seconds. */
const printTimeoutMs = 60_000;

/** Undefined where there is no browser, or it does not print. @param searched folders, as `PATH` has them */
export function printPage(page: string, searched: string): Buffer | undefined {
  const browser = searched
    .split(path.delimiter)
    .flatMap((folder) => browsers.map((name) => path.join(folder, name)))
    .find((file) => path.isAbsolute(file) && existsSync(file));
  if (browser === undefined) return undefined;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'floodgate-print-'));
  try {
    const [html, pdf] = [path.join(folder, 'page.html'), path.join(folder, 'page.pdf')];
    writeFileSync(html, page);
    const words = [
      '--headless',
      '--disable-gpu',
      '--no-first-run',
      '--no-pdf-header-footer',
      '--virtual-time-budget=5000',
    ];
    // The page is our own, and allows no script but its own.
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const places = [`--user-data-dir=${path.join(folder, 'profile')}`, `--print-to-pdf=${pdf}`, `file://${html}`];
    spawnSync(browser, [...words, ...asRoot, ...places], {
      stdio: 'ignore',
      timeout: printTimeoutMs,
      killSignal: 'SIGKILL',
    });
    return existsSync(pdf) ? readFileSync(pdf) : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
