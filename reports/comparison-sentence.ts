/** What is said of one metric of a comparison, in a sentence: every format of machines carries it. Pure. */
import {
  type ComparedMetric,
  type ComparedScenario,
  type ComparedSite,
  type ComparisonReport,
  logRatioMax,
} from './comparison.ts';
import { formatBytes, formatDifference, formatShare, formatSite, formatValue, printable } from './format.ts';
import type { SourceExcerpt, Unit } from './model.ts';

const words = {
  worse: 'is worse',
  within: 'is within its threshold',
  undecided: 'is undecided',
  notMeasured: 'was not measured',
  shown: 'is not judged',
} as const;

/** `allocated.perRequest is worse: +6 % (+5.9 % … +6.1 %), at most +3 % is allowed`. */
export function metricSentence(metric: ComparedMetric): string {
  const { note } = metric;
  const interval = formatInterval(metric);
  const change =
    metric.change === null && !isFromNothing(metric)
      ? ''
      : `: ${formatMetricChange(metric)}${interval === '' ? '' : ` (${interval})`}`;
  const limit = metric.threshold === null ? '' : `, at most ${formatLimit(metric)} is allowed`;
  return `${printable(metric.name)} ${words[metric.decision]}${change}${limit}${note === '' ? '' : `; ${printable(note)}`}`;
}

/** The site that grew most, for a metric of allocation that grew; undefined where none did. */
export function grownSite(scenario: ComparedScenario, metric: ComparedMetric): ComparedSite | undefined {
  return grownSites(scenario, metric)[0];
}

/** The same for what stands at a line: a function that is new or changed before one whose text is as it was, and that is called with more. */
export function markedSite(scenario: ComparedScenario, metric: ComparedMetric): ComparedSite | undefined {
  const grown = grownSites(scenario, metric);
  return grown.find(isOther) ?? grown[0];
}

/** What did not grow is explained by no site that did; what lies off the heap explains why its growth is undecided. */
function grownSites({ sites }: ComparedScenario, { name, change, decision }: ComparedMetric): ComparedSite[] {
  if (!name.startsWith('allocated.')) return [];
  const isLess = change !== null && change <= 0;
  const isOf = ({ isOffHeap }: ComparedSite) => {
    if (name === 'allocated.offHeapPerRequest') return isOffHeap && !isLess;
    return isOffHeap ? decision === 'undecided' : !isLess;
  };
  return sites.filter((site) => hasGrown(site) && isOf(site));
}

const hasGrown = ({ baseBytes, headBytes }: ComparedSite) => (headBytes ?? 0) > (baseBytes ?? 0);
const isOther = ({ changed }: ComparedSite) => changed?.length !== 0;

/** The excerpt of a scenario that a person sees first: of a function that is new or changed, where one is shown. */
export function shownSource({ sites }: ComparedScenario): SourceExcerpt | undefined {
  const shown = sites.filter(({ source }) => source !== null);
  return (shown.find(isOther) ?? shown[0])?.source ?? undefined;
}

/** The metric's sentence, with a site. @param site by default the one that grew most */
export function fullSentence(
  scenario: ComparedScenario,
  metric: ComparedMetric,
  site: ComparedSite | undefined = grownSite(scenario, metric),
): string {
  return `${metricSentence(metric)}${site ? `; ${siteSentence(site)}` : ''}`;
}

/** `server.js:41 parseCart +18 % (+2.1 kB ± 90 B) a request`. */
export function siteSentence(site: ComparedSite): string {
  return `${formatSite(site)} ${formatSiteChange(site)} a request${formatOrigin(site)}`;
}

export interface PlaceInFile {
  /** Relative to the project. */
  readonly file: string;
  readonly line: number;
}

/** Where a finding is shown: at the line of the site that grew, or where that is declared, else where the scenario is defined, else in the configuration. */
export function placeOf(
  { config = 'floodgate.config.yaml' }: ComparisonReport,
  scenario: ComparedScenario | undefined,
  site: ComparedSite | undefined,
): PlaceInFile {
  if (site?.file && site.line > 0) return { file: site.file, line: site.changed?.[0] ?? site.line };
  return scenario?.definedIn ?? { file: config, line: 1 };
}

/** A file as the repository names it: readers of annotations and SARIF look from its top. */
export function inRepository({ folder }: ComparisonReport, file: string): string {
  const parts: string[] = [];
  for (const part of [...folder.split('/'), ...file.split('/')]) {
    if (part === '..' && parts.length > 0) parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** From here on a share is no longer read as one. */
const manyfold = 10;

/** `+3.1 %`, `−0.2 %`: worse is plus. */
export function formatChange(change: number | null): string {
  if (change === null) return '–';
  if (change >= manyfold) return `×${Math.round(change + 1)}`;
  return change < 0 ? `−${formatShare(-change)}` : `+${formatShare(change)}`;
}

/** The same of two figures, of which one may be nothing. */
export function formatRatio(change: number | null): string {
  return change !== null && change >= Math.expm1(logRatioMax) ? '∞' : formatChange(change);
}

/** From nothing, or to nothing where less is worse: no share can be given. */
export function isFromNothing({ bound, baseMedian, headMedian }: ComparedMetric): boolean {
  const [one, other] = bound === 'max' ? [baseMedian, headMedian] : [headMedian, baseMedian];
  return one === 0 && other !== null && other > 0;
}

/** `+3.1 %`; `10 a run, 0 before` where no share can be given. */
export function formatMetricChange(metric: ComparedMetric): string {
  if (!isFromNothing(metric)) return formatRatio(metric.change);
  const { unit, baseMedian, headMedian } = metric;
  return `${formatMedian(headMedian, unit)}${unit === 'count' ? ' a run' : ''}, ${formatMedian(baseMedian, unit)} before`;
}

/** `+3.3 %`; empty where it is not known. */
export function formatDetectable(metric: ComparedMetric): string {
  return metric.detectable === null || isFromNothing(metric) ? '' : formatRatio(metric.detectable);
}

/** `+18 % (+2.1 kB ± 40 B)`, `new (+60 kB ± 1 kB off-heap)`; `new`, `gone` where one version has nothing of it. */
export function formatSiteChange({ baseBytes, headBytes, errorBytes, isOffHeap }: ComparedSite): string {
  const difference = (headBytes ?? 0) - (baseBytes ?? 0);
  const change = baseBytes === null ? 'new' : headBytes === null ? 'gone' : formatChange(difference / baseBytes);
  return `${change} (${formatDifference(difference, 'bytes')} ± ${formatBytes(errorBytes)}${isOffHeap ? ' off-heap' : ''})`;
}

const originWords = {
  renamed: 'renamed from',
  replaced: 'in place of',
  split: 'taken out of',
  joined: 'with the work of',
};

/** `, renamed from parseCart`, to follow its change; empty for the function that it was. */
export function formatOrigin({ file, functionName, origin }: ComparedSite): string {
  if (!origin) return '';
  const { how } = origin;
  if (how === 'renamed' && origin.functionName === functionName) return `, moved from ${printable(origin.file, 300)}`;
  const place = origin.file === file ? '' : `${printable(origin.file, 300)} `;
  return `, ${originWords[how]} ${place}${printable(origin.functionName || '(anonymous)', 200)}`;
}

/** `+5.9 % … +6.1 %`; empty where it is not known. */
export function formatInterval(metric: ComparedMetric): string {
  const { changeLow, changeHigh } = metric;
  if (changeLow === null || changeHigh === null || isFromNothing(metric)) return '';
  return `${formatRatio(changeLow)} … ${formatRatio(changeHigh)}`;
}

/** `+3 %`, `0 %`; empty without a threshold. */
export function formatLimit({ threshold }: ComparedMetric): string {
  return threshold === null ? '' : `${threshold > 0 ? '+' : ''}${formatShare(threshold)}`;
}

/** What one version has; a dash where it was not measured. */
export function formatMedian(value: number | null, unit: Unit): string {
  return value === null ? '–' : formatValue(value, unit);
}
