/** Many runs on one page: how each budget's figure moved from run to run, and a way to each run's own report. */
import type { TrendData, TrendRun } from './html/trends-page.ts';
import { page } from './html.ts';
import { pageScript, pageStyle } from './html-assets.ts';
import { safeJson } from './json.ts';
import { type Report, runsOf } from './model.ts';

export interface TrendEntry {
  /** Where the run's own page is, relative to this one (`2026-03-14-incident/report.html`). */
  readonly href: string;
  readonly report: Report;
}

/** More runs than a person compares; the latest are kept. */
const RUNS_MAX = 2_000;

/** Folders that could not be read as reports, to be listed rather than left out in silence. */
export interface TrendOptions {
  readonly unreadable?: readonly { readonly name: string; readonly why: string }[];
}

/** The page of trends over all runs given, gates taken apart into their runs. */
export function renderTrends(entries: readonly TrendEntry[], options: TrendOptions = {}): string {
  const runs = entries.flatMap(({ href, report }) =>
    runsOf(report).map(
      (run): TrendRun => ({
        href: safeHref(href),
        scenario: run.scenario.name,
        lane: run.lane,
        defect: run.scenario.defect,
        startedAt: run.startedAt,
        startedSeconds: Date.parse(run.startedAt) / 1000 || 0,
        version: run.target.version,
        ok: run.verdict.ok,
        exitCode: run.verdict.exitCode,
        partial: run.partial,
        headline: run.verdict.headline,
        budgets: run.budgets.map(({ name, unit, limit, actual, ok }) => ({ name, unit, limit, actual, ok })),
      }),
    ),
  );
  runs.sort((a, b) => a.startedSeconds - b.startedSeconds);
  const data: TrendData = {
    runs: runs.slice(-RUNS_MAX),
    left: Math.max(0, runs.length - RUNS_MAX),
    unreadable: options.unreadable ?? [],
  };
  return page('Trends – floodgate', pageScript('trends'), pageStyle(), safeJson(data));
}

/** A relative address that cannot be anything else: every part of it is escaped. */
function safeHref(href: string): string {
  const parts = href.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  return `./${parts.map((part) => encodeURIComponent(part.toWellFormed())).join('/')}`;
}
