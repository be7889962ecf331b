/**
 * The report as one HTML file that opens from disk and fetches nothing.
 *
 * **Invariant**: nothing in a report can run. Data is JSON in a block that browsers do not execute, `<` is written as
 * an escape in it, the page builds itself through `textContent` only, and the content security policy allows just the
 * one script and the one style sheet whose hashes it names.
 */
import { createHash } from 'node:crypto';
import { escapeHtml, verdictMark } from './format.ts';
import { type PackedReport, packRun } from './html/columns.ts';
import { pageScript, pageStyle } from './html-assets.ts';
import { safeJson } from './json.ts';
import { type Report, runsOf } from './model.ts';

/** A report as a page. */
export function renderHtml(report: Report): string {
  const script = pageScript('report');
  const style = pageStyle();
  const data: PackedReport = {
    gate:
      report.kind === 'gate'
        ? {
            headline: report.verdict.headline,
            ok: report.verdict.ok,
            exitCode: report.verdict.exitCode,
            durationMs: report.durationMs,
            command: report.command,
            notes: report.notes,
          }
        : null,
    runs: runsOf(report).map(packRun),
  };
  const name = report.kind === 'gate' ? 'gate' : report.scenario.name;
  return page(`${verdictMark(report.verdict)} ${name} – floodgate`, script, style, safeJson(data));
}

/** A page around a script, a style sheet and a block of data that is `safeJson`. */
export function page(title: string, script: string, style: string, data: string): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<p class="loading">Reading the report …</p>
<noscript>This report draws itself with a script of its own; the same content without one is in the Markdown and text files beside it.</noscript>
<script type="application/json" id="report">${data}</script>
<script>${script}</script>
</body>
</html>
`;
}
