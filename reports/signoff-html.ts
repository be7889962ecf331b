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

/** What a page of a sign-off shows; undefined where it is none. */
export function signoffDataIn(page: string): unknown {
  const blocks = [...page.matchAll(/<script type="application\/json" id="report">([^<]*)<\/script>/g)];
  if (blocks.length !== 1) return undefined;
  try {
    return JSON.parse(blocks[0]![1]!);
  } catch {
    return undefined;
  }
}
