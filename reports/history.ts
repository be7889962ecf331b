/** Pages of a project's history: how each metric moved from run to run and where it changed; two runs side by side. */
import { page } from './html.ts';
import { pageScript, pageStyle } from './html-assets.ts';
import { safeJson } from './json.ts';
import type { Unit } from './model.ts';

export interface HistoryRun {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly scenario: string;
  readonly lane: string;
  readonly machine: string;
  /** Null outside of a repository. */
  readonly commit: string | null;
  readonly subject: string | null;
  readonly branch: string | null;
  readonly dirty: boolean;
  readonly exitCode: number;
  readonly headline: string;
  readonly partial: boolean;
  /** False where it is of another definition, or was interrupted: it is drawn, and not compared. */
  readonly comparable: boolean;
}

export interface HistoryPoint {
  /** Of the first run of the new level. */
  readonly index: number;
  readonly before: number;
  readonly after: number;
}

export interface HistoryMetric {
  readonly name: string;
  readonly unit: Unit;
  readonly bound: 'max' | 'min';
  /** One a run of its series. */
  readonly values: readonly (number | null)[];
  /** The limit that each run was held against. */
  readonly limits: readonly (number | null)[];
  /** Of this class of machine, and who accepted it; null where there is none. */
  readonly baseline: { readonly value: number; readonly words: string } | null;
  /** Who waived its limit, until when and why, in words; empty where nobody did. */
  readonly waiver: string;
  readonly points: readonly HistoryPoint[];
  /** Figures that could be compared, and how many it takes to look for changes. */
  readonly looked: number;
  readonly needed: number;
}

export interface HistorySeries {
  readonly scenario: string;
  readonly lane: string;
  readonly defect: string | null;
  readonly machine: string;
  /** Oldest first. */
  readonly runs: readonly HistoryRun[];
  readonly metrics: readonly HistoryMetric[];
}

export interface HistoryData {
  readonly kind: 'history';
  readonly project: string;
  /** Where it is stored. */
  readonly store: string;
  /** Whichever ran last comes first. */
  readonly series: readonly HistorySeries[];
  /** Older runs that are not here. */
  readonly left: number;
  /** Names to choose from, and the one that was chosen; empty: those that are limited. */
  readonly metricNames: readonly string[];
  readonly chosen: string;
}

export interface HistoryPair {
  readonly kind: 'pair';
  readonly project: string;
  readonly a: HistoryRun;
  readonly b: HistoryRun;
  readonly metrics: readonly {
    readonly name: string;
    readonly unit: Unit;
    readonly bound: 'max' | 'min';
    readonly a: number | null;
    readonly b: number | null;
  }[];
}

export function renderHistory(data: HistoryData | HistoryPair): string {
  return page(`${data.project.slice(0, 80)} – floodgate history`, pageScript('history'), pageStyle(), safeJson(data));
}
