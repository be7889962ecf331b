/** A comparison as one HTML file that opens from disk and fetches nothing; what protects a run's page protects it (`html.ts`). */
import type { ComparisonReport } from './comparison.ts';
import { printable, verdictMark } from './format.ts';
import { page } from './html.ts';
import { pageScript, pageStyle } from './html-assets.ts';
import { safeJson } from './json.ts';

export function renderComparisonHtml(report: ComparisonReport): string {
  const names = `${printable(report.base.label, 80)} and ${printable(report.head.label, 80)}`;
  const title = `${verdictMark(report.verdict)} ${names} – floodgate`;
  return page(title, pageScript('comparison'), pageStyle(), safeJson(report));
}
