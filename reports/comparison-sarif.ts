/** A comparison as SARIF 2.1.0 (OASIS), for code scanning: a result for each metric that is no pass, and for what could not be run. Pure. */
import { type ComparedScenario, type ComparisonReport, isIncomplete, judgedMetrics } from './comparison.ts';
import { fullSentence, inRepository, markedSite, type PlaceInFile, placeOf } from './comparison-sentence.ts';

/** Of what no metric says. */
const ownRule = 'floodgate.compare';

interface Finding {
  readonly rule: string;
  readonly isError: boolean;
  readonly text: string;
  /** The same finding in another comparison, whatever its figures are. */
  readonly fingerprint: string;
  readonly place: PlaceInFile;
}

export function renderComparisonSarif(report: ComparisonReport): string {
  const found = [...failures(report), ...report.scenarios.flatMap((scenario) => findingsOf(report, scenario))];
  const results = found.map(({ rule, isError, text, fingerprint, place }) => ({
    ruleId: rule,
    level: isError ? 'error' : 'warning',
    message: { text },
    partialFingerprints: { scenarioMetric: fingerprint },
    locations: [locationOf(inRepository(report, place.file), place.line)],
  }));
  const rules = [...new Set(results.map(({ ruleId }) => ruleId))].map((id) => ({
    id,
    shortDescription: {
      text: id === ownRule ? 'What kept base and head from being compared' : `${id} of the head beside the base`,
    },
  }));
  const driver = { name: report.tool.name, version: report.tool.version, rules };
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, results }],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function failures(report: ComparisonReport): Finding[] {
  if (!isIncomplete(report)) return [];
  const texts = report.failures?.map(({ message, details }) => `${message}\n${details}`.trim()) ?? [];
  return (texts.length > 0 ? texts : [report.verdict.headline]).map((text) => ({
    ...{ rule: ownRule, isError: true, text, fingerprint: ownRule },
    place: placeOf(report, undefined, undefined),
  }));
}

function findingsOf(report: ComparisonReport, scenario: ComparedScenario): Finding[] {
  const judged = judgedMetrics(scenario);
  if (judged.length === 0) {
    const text = `${scenario.name}: no metric has a threshold`;
    const fingerprint = `${scenario.name}/${ownRule}`;
    return [{ ...{ rule: ownRule, isError: false, text, fingerprint }, place: placeOf(report, scenario, undefined) }];
  }
  return judged
    .filter(({ decision }) => decision !== 'within')
    .map((metric) => ({ metric, site: markedSite(scenario, metric) }))
    .map(({ metric, site }) => ({
      rule: metric.name,
      isError: metric.decision === 'worse',
      text: `${scenario.name}: ${fullSentence(scenario, metric, site)}`,
      fingerprint: `${scenario.name}/${metric.name}`,
      place: placeOf(report, scenario, site),
    }));
}

function locationOf(file: string, line: number) {
  const uri = file.split('/').map(encodeURIComponent).join('/');
  return { physicalLocation: { artifactLocation: { uri }, region: { startLine: line } } };
}
