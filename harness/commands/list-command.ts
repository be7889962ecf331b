/** `floodgate list`: the scenarios and defects there are. */
import { type Command, Help } from 'commander';
import { formatValue } from '../../reports/format.ts';
import type { Unit } from '../../reports/model.ts';
import { findMetric, metrics, sitePatternMetrics } from '../metrics/table.ts';
import { defectNames, defectSummary, loadScenario, scenarioNames } from '../scenario/catalogue.ts';
import { syntaxOf } from '../traffic/impairments/parse.ts';
import { impairmentTable } from '../traffic/impairments/table.ts';

export function addListCommand(command: Command): void {
  command
    .description('Lists the scenarios with their budgets, and the defects that a run can put in place.')
    .option('--metrics', 'the metrics that a budget may limit instead, with their units')
    .option('--impairments', 'what --impair can do to the traffic, with an example each')
    .addHelpText('after', '\nExamples:\n  floodgate list\n  floodgate list --metrics\n  floodgate list --impairments')
    .action(async (flags: { readonly metrics?: boolean; readonly impairments?: boolean }) => {
      if (flags.impairments) {
        const lines = impairmentTable.flatMap((each) => row(each.example, `${each.help}. ${syntaxOf(each)}`, 36));
        process.stdout.write(`${lines.join('\n')}\n`);
        return;
      }
      if (flags.metrics) {
        process.stdout.write(`${metricLines().join('\n')}\n`);
        return;
      }
      const lines: string[] = ['Scenarios'];
      for (const name of scenarioNames()) {
        const scenario = await loadScenario(name);
        const limits = Object.entries(scenario.budget).map(([metric, limit]) => {
          const { unit, bound } = findMetric(metric)!;
          return `${metric} ${bound === 'max' ? '≤' : '≥'} ${formatValue(limit, unit)}`;
        });
        lines.push(...row(name, scenario.summary), ...row('', `${scenario.lanes.join(', ')}; ${limits.join(', ')}`));
      }
      const defects = defectNames();
      if (defects.length > 0) lines.push('', 'Defects (floodgate run SCENARIO --defect NAME)');
      for (const name of defects) lines.push(...row(name, await defectSummary(name)));
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

/** One metric a row; its first word is the name, so that a shell can complete it. */
function metricLines(): string[] {
  const all = [
    ...metrics,
    ...sitePatternMetrics.map(({ prefix, ...rest }) => ({ ...rest, name: `${prefix}:<pattern>`, bound: 'max' })),
  ];
  return all.flatMap(({ name, unit, bound, help }) =>
    row(name, `${bound === 'max' ? 'at most' : 'at least'}, in ${unitWords[unit]}. ${help}`),
  );
}

const unitWords: Readonly<Record<Unit, string>> = {
  bytes: 'bytes',
  bytesPerSecond: 'bytes a second',
  seconds: 'time',
  ms: 'time',
  share: 'per cent',
  count: 'a count',
  perSecond: 'times a second',
};

const nameColumns = 24;

/** A name and its description, in as many lines as a terminal needs; one line in a pipe. */
function row(name: string, text: string, width = nameColumns): string[] {
  const { isTTY, columns } = process.stdout;
  const wrapped = isTTY ? new Help().boxWrap(text, Math.max(40, columns - width - 3)) : text;
  return wrapped.split('\n').map((line, i) => `  ${(i === 0 ? name : '').padEnd(width)} ${line}`);
}
