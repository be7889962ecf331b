/** A sign-off as one HTML file that opens from disk, prints, and fetches nothing; what protects a run's page protects it (`html.ts`). */
import { printable, verdictMark } from './format.ts';
import { page } from './html.ts';
import { pageScript, pageStyle } from './html-assets.ts';
import { safeJson } from './json.ts';
import type { SignoffReport } from './signoff.ts';

export function renderSignoffHtml(report: SignoffReport): string {
  const title = `${verdictMark(report.verdict)} ${printable(report.release, 80)} – sign-off – floodgate`;
  return page(title, pageScript('signoff'), pageStyle(), safeJson(report));
}
