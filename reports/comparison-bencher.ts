/** The head's figures in Bencher's metric format (bencher.dev, "Bencher Metric Format"): benchmark → measure → value. Pure. */
import type { ComparisonReport } from './comparison.ts';

export function renderComparisonBencher(report: ComparisonReport): string {
  const benchmarks = report.scenarios.map((scenario) => {
    const measures = scenario.metrics.flatMap(({ name, head, headMedian }) => {
      const known = head.filter((value) => value !== null);
      if (headMedian === null || known.length === 0) return [];
      const bounds = { lower_value: Math.min(...known), upper_value: Math.max(...known) };
      return [[name, { value: headMedian, ...bounds }] as const];
    });
    return [scenario.name, Object.fromEntries(measures)] as const;
  });
  return `${JSON.stringify(Object.fromEntries(benchmarks), undefined, 2)}\n`;
}
