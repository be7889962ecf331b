/** `floodgate list`: the scenarios and defects there are. */
import { type Command, Help } from 'commander';
import { formatValue } from '../../reports/format.ts';
import { findMetric } from '../metrics/table.ts';
import { defectNames, defectSummary, loadScenario, scenarioNames } from '../scenario/catalogue.ts';

export function addListCommand(command: Command): void {
  command
    .description('Lists the scenarios with their budgets, and the defects that a run can put in place.')
    .addHelpText('after', '\nExample:\n  floodgate list')
    .action(async () => {
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

const nameColumns = 24;

/** A name and what is said of it, in as many lines as a terminal needs; whole where nobody looks. */
function row(name: string, text: string): string[] {
  const { isTTY, columns } = process.stdout;
  const told = isTTY ? new Help().boxWrap(text, Math.max(40, columns - nameColumns - 3)) : text;
  return told.split('\n').map((line, i) => `  ${(i === 0 ? name : '').padEnd(nameColumns)} ${line}`);
}
