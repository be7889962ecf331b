/** `floodgate list`: the scenarios and defects there are. */
import type { Command } from 'commander';
import { formatValue } from '../../reports/format.ts';
import { evaluateBudgets } from '../analyze/budgets.ts';
import { defectNames, loadScenario, scenarioNames } from '../scenario-list.ts';

export function addListCommand(program: Command): void {
  program
    .command('list')
    .summary('list scenarios and defects')
    .description('Lists the scenarios with their budgets, and the defects that a run can put in place.')
    .addHelpText('after', '\nExample:\n  floodgate list')
    .action(async () => {
      const lines: string[] = ['Scenarios'];
      for (const name of scenarioNames()) {
        const scenario = await loadScenario(name);
        const limits = evaluateBudgets(scenario.budget, {}).map(
          ({ name: limit, limit: value, unit, bound }) =>
            `${limit} ${bound === 'max' ? '≤' : '≥'} ${formatValue(value, unit)}`,
        );
        lines.push(
          `  ${name.padEnd(18)} ${scenario.summary}`,
          `  ${''.padEnd(18)} ${scenario.lanes.join(', ')}; ${limits.join(', ')}`,
        );
      }
      const defects = defectNames();
      if (defects.length > 0)
        lines.push('', 'Defects (floodgate run SCENARIO --defect NAME)', ...defects.map((name) => `  ${name}`));
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}
