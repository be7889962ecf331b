/** What is said of one metric of a comparison, in a sentence: every format of machines carries it. Pure. */
import type { ComparedMetric, ComparedScenario, ComparedSite } from './comparison.ts';
import { formatChange, formatSiteChange } from './comparison-terminal.ts';
import { formatShare, formatSite, printable } from './format.ts';

const words = {
  worse: 'is worse',
  within: 'is within its threshold',
  undecided: 'is undecided',
  notMeasured: 'was not measured',
  shown: 'is not judged',
} as const;

/** `allocated.perRequest is worse: +6 % (+5.9 % … +6.1 %), at most +3 % is allowed`. */
export function metricSentence(metric: ComparedMetric): string {
  const { changeLow, changeHigh, threshold, note } = metric;
  const interval =
    changeLow === null || changeHigh === null ? '' : ` (${formatChange(changeLow)} … ${formatChange(changeHigh)})`;
  const change = metric.change === null ? '' : `: ${formatChange(metric.change)}${interval}`;
  const limit = threshold === null ? '' : `, at most +${formatShare(threshold)} is allowed`;
  return `${printable(metric.name)} ${words[metric.decision]}${change}${limit}${note === '' ? '' : `; ${printable(note)}`}`;
}

/** The site that grew most; undefined where none did. */
export function grownSite({ sites }: ComparedScenario): ComparedSite | undefined {
  return sites.find(({ baseBytes, headBytes }) => (headBytes ?? 0) > (baseBytes ?? 0));
}

/** `server.js:41 parseCart +18 % (+2.1 kB ± 90 B) a request`. */
export function siteSentence(site: ComparedSite): string {
  return `${formatSite(site)} ${formatSiteChange(site)} a request`;
}
