/** The pages of `floodgate serve` that come out of a history. */
import { type HistoryMetric, type HistoryRun, type HistorySeries, renderHistory } from '../../reports/history.ts';
import { renderHtml } from '../../reports/html.ts';
import type { Unit } from '../../reports/model.ts';
import { thresholdsOf } from '../compare/thresholds.ts';
import type { HistoryStore } from '../history/history-store.ts';
import { pointsOf, type SeriesPoints } from '../history/points-of-series.ts';
import { comparableRuns, type RunOfSeries, type Series, seriesOf } from '../history/series.ts';
import type { FigureRow, LimitRow } from '../history/tables.ts';
import type { Baseline, Ledger, Waiver } from '../ledger/ledger.ts';
import { readLedger } from '../ledger/ledger.ts';
import { findMetric } from '../metrics/table.ts';
import type { HistoryPlace } from './history-place.ts';
import { reportOf } from './history-show.ts';
import { today } from './project-ledger.ts';

/** More runs than a page draws; the latest are kept. */
const runsMax = 2_000;
/** Scenarios, lanes and machines: a card each. */
const seriesMax = 100;
/** Analyses that are remembered: a metric of 2,000 runs takes up to a second. */
const analysesMax = 2_000;
/** Where nothing is limited, these are worth a look. */
const metricsDefault = ['rss.p99', 'rss.max', 'allocated.perRequest', 'allocated.perMessage', 'cpu.seconds'];

export class HistorySite {
  readonly #store: HistoryStore;
  readonly #place: HistoryPlace;
  readonly #analyses = new Map<string, SeriesPoints>();

  constructor(store: HistoryStore, place: HistoryPlace) {
    this.#store = store;
    this.#place = place;
  }

  /** A page as HTML; undefined where there is none of that address. */
  async page(pathname: string, query: URLSearchParams): Promise<string | undefined> {
    if (pathname === '/') return this.#overview(query.get('metric') ?? '');
    if (pathname === '/compare') return this.#pair(query.get('a') ?? '', query.get('b') ?? '');
    return pathname.startsWith('/run/') ? this.#report(pathname.slice('/run/'.length)) : undefined;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #overview(asked: string): Promise<string> {
    const chosen = findMetric(asked) === undefined ? '' : asked;
    const { name, project, folder } = this.#place;
    const [rows, count] = [await this.#store.latestRuns(name, runsMax), await this.#store.countRuns(name)];
    const ids = rows.map(({ id }) => id);
    const figures = Map.groupBy(await this.#store.figures(ids), ({ run_id }) => run_id);
    const limits = Map.groupBy(await this.#store.limits(ids), ({ run_id }) => run_id);
    const ledger = project === undefined ? { baselines: [], waivers: [] } : readLedger(folder);
    const all = seriesOf(rows).slice(0, seriesMax);
    const shown = all.map((series) => this.#series(series, { figures, limits, ledger, chosen }));
    return renderHistory({
      kind: 'history',
      project: name,
      store: this.#store.shown,
      series: shown,
      left: count - shown.reduce((sum, { runs }) => sum + runs.length, 0),
      metricNames: [...new Set([...figures.values()].flatMap((own) => own.map((figure) => figure.name)))].sort(),
      chosen,
    });
  }

  #series(series: Series, context: SeriesContext): HistorySeries {
    const comparable = comparableRuns(series);
    const { scenario, lane, defect, machine, runs } = series;
    const names = context.chosen === '' ? this.#watched(series, context) : [context.chosen];
    return {
      scenario,
      lane,
      defect,
      machine,
      runs: runs.map((run, i) => shownRun(run, comparable[i]!)),
      metrics: names.flatMap((name) => this.#metric(name, series, comparable, context) ?? []),
    };
  }

  /** What is limited, or has a baseline, a waiver or a threshold. */
  #watched({ runs, scenario, lane }: Series, { figures, limits, ledger }: SeriesContext): string[] {
    const latest = runs.at(-1)!;
    const own = (entry: Baseline | Waiver) => entry.scenario === scenario;
    const names = new Set([
      ...(limits.get(latest.id) ?? []).map(({ name }) => name),
      ...[...ledger.baselines, ...ledger.waivers].filter(own).map(({ metric }) => metric),
      ...this.#thresholds(scenario, lane),
    ]);
    if (names.size > 0) return [...names];
    const measured = new Set(
      (figures.get(latest.id) ?? []).filter(({ value }) => value !== null).map((each) => each.name),
    );
    return metricsDefault.filter((name) => measured.has(name));
  }

  #thresholds(scenario: string, lane: string): string[] {
    const { project } = this.#place;
    const config = project?.scenarios.find(({ name }) => name === scenario);
    if (project === undefined || config === undefined) return [];
    return [...thresholdsOf(project, config, lane as 'tap' | 'exact' | 'load', undefined, []).keys()];
  }

  #metric(
    name: string,
    { runs, machine, scenario }: Series,
    comparable: readonly boolean[],
    { figures, limits, ledger }: SeriesContext,
  ): HistoryMetric | undefined {
    const own = runs.map(({ id }) => figures.get(id)?.find((figure) => figure.name === name));
    const held = runs.map(({ id }) => limits.get(id)?.findLast((limit) => limit.name === name));
    const known = own.findLast((figure) => figure !== undefined) ?? held.findLast((limit) => limit !== undefined);
    if (known === undefined) return undefined;
    // Call sites are counted where a limit asks for them, and are no figures.
    const values = own.map((figure, i) => figure?.value ?? held[i]?.actual ?? null);
    const isOwn = (entry: Baseline | Waiver) => entry.scenario === scenario && entry.metric === name;
    const baseline = ledger.baselines.find((each) => isOwn(each) && each.machine === machine);
    const waiver = ledger.waivers.find(isOwn);
    const { points, looked, needed } = this.#points(values, comparable);
    return {
      name,
      unit: known.unit as Unit,
      bound: known.bound as 'max' | 'min',
      values,
      limits: held.map((limit) => limit?.limit_value ?? null),
      baseline: baseline
        ? { value: baseline.value, words: `accepted ${baseline.accepted} by ${baseline.by}: ${baseline.reason}` }
        : null,
      waiver: waiver ? waiverWords(waiver) : '',
      points: points.map(({ index, before, after }) => ({ index, before, after })),
      looked,
      needed,
    };
  }

  #points(values: readonly (number | null)[], comparable: readonly boolean[]): SeriesPoints {
    const key = JSON.stringify(values.map((value, i) => (comparable[i] ? value : 'other')));
    const known = this.#analyses.get(key);
    if (known) return known;
    const found = pointsOf(values, comparable);
    if (this.#analyses.size >= analysesMax) this.#analyses.clear();
    this.#analyses.set(key, found);
    return found;
  }

  async #pair(a: string, b: string): Promise<string | undefined> {
    const rows = await Promise.all([a, b].map((id) => this.#run(id)));
    const [first, second] = rows;
    if (first === undefined || second === undefined) return undefined;
    const figures = await this.#store.figures([first.id, second.id]);
    const figureOf = (run: RunOfSeries, name: string) =>
      figures.find((figure) => figure.run_id === run.id && figure.name === name)?.value ?? null;
    const byName = new Map(figures.map((figure) => [figure.name, figure]));
    return renderHistory({
      kind: 'pair',
      project: this.#place.name,
      a: shownRun(first, true),
      b: shownRun(second, true),
      metrics: [...byName.values()].map(({ name, unit, bound }) => ({
        name,
        unit: unit as Unit,
        bound: bound as 'max' | 'min',
        a: figureOf(first, name),
        b: figureOf(second, name),
      })),
    });
  }

  async #run(id: string): Promise<RunOfSeries | undefined> {
    return /^[0-9a-f]{16}$/.test(id) ? this.#store.run(this.#place.name, id) : undefined;
  }

  /** As the run's own folder has it. */
  async #report(id: string): Promise<string | undefined> {
    const run = await this.#run(id);
    const report = run && (await reportOf(this.#store, undefined, [run]));
    return report && renderHtml(report);
  }
}

interface SeriesContext {
  readonly figures: ReadonlyMap<string, readonly FigureRow[]>;
  readonly limits: ReadonlyMap<string, readonly LimitRow[]>;
  readonly ledger: Ledger;
  /** One metric, or empty for what is watched. */
  readonly chosen: string;
}

function waiverWords({ until, owner, reason }: Waiver): string {
  return `${until < today() ? `the waiver ended on ${until}` : `waived until ${until}`} (${owner}): ${reason}`;
}

function shownRun(run: RunOfSeries, comparable: boolean): HistoryRun {
  return {
    id: run.id,
    startedAt: run.started_at,
    scenario: run.scenario,
    lane: run.lane,
    machine: run.machine,
    commit: run.commit_id,
    subject: run.subject,
    branch: run.branch,
    dirty: run.dirty === 1,
    exitCode: run.exit_code,
    headline: run.headline,
    partial: run.partial === 1,
    comparable,
  };
}
