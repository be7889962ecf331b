/** A sweep as one HTML file that opens from disk and fetches nothing; what protects a run's page protects it (`html.ts`). */
import { printable } from './format.ts';
import { page } from './html.ts';
import { pageScript, pageStyle } from './html-assets.ts';
import { safeJson } from './json.ts';
import type { SweepReport } from './sweep.ts';

export function renderSweepHtml(report: SweepReport): string {
  return page(
    `Sweep of ${printable(report.scenario, 80)} – floodgate`,
    pageScript('sweep'),
    pageStyle(),
    safeJson(report),
  );
}
