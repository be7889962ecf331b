/** A comparison as SARIF 2.1.0 (OASIS), for code scanning: a result for each metric that is no pass. Pure. */
import { type ComparisonReport, judgedMetrics } from './comparison.ts';
import { fileInRepository, fullSentence, grownSite } from './comparison-sentence.ts';

export function renderComparisonSarif(report: ComparisonReport): string {
  const results = report.scenarios.flatMap((scenario) =>
    judgedMetrics(scenario)
      .filter(({ decision }) => decision !== 'within')
      .map((metric) => {
        const site = grownSite(scenario, metric);
        return {
          ruleId: metric.name,
          level: metric.decision === 'worse' ? 'error' : 'warning',
          message: { text: `${scenario.name}: ${fullSentence(scenario, metric)}` },
          // The same metric of the same scenario is the same finding, whatever its figures are.
          partialFingerprints: { scenarioMetric: `${scenario.name}/${metric.name}` },
          ...(site?.file && site.line > 0 && { locations: [locationOf(fileInRepository(report, site), site.line)] }),
        };
      }),
  );
  const rules = [...new Set(results.map(({ ruleId }) => ruleId))].map((id) => ({
    id,
    shortDescription: { text: `${id} of the head beside the base` },
  }));
  const driver = { name: report.tool.name, version: report.tool.version, rules };
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, results }],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function locationOf(file: string, line: number) {
  const uri = file.split('/').map(encodeURIComponent).join('/');
  return { physicalLocation: { artifactLocation: { uri }, region: { startLine: line } } };
}
