/** `floodgate list`: the scenarios by group, and the defects there are. */
import { type Command, Help } from 'commander';
import { formatValue } from '../../reports/format.ts';
import type { Unit } from '../../reports/model.ts';
import { findMetric, metrics, sitePatternMetrics } from '../metrics/table.ts';
import { findTypedScenario, library } from '../project/library.ts';
import type { ScenarioHead } from '../scenario/capture-scenario.ts';
import { defectNames, defectSummary } from '../scenario/catalogue.ts';
import { syntaxOf } from '../traffic/impairments/parse.ts';
import { impairmentTable } from '../traffic/impairments/table.ts';
import { gateScenarios } from './gate-command.ts';
import { paceFlags } from './pace-flags.ts';

export function addListCommand(command: Command): void {
  command
    .description('Lists the scenarios with their budgets, and the defects that a run can put in place.')
    .argument('[scenario]', 'says what this one stands for, and how it is judged')
    .option('--metrics', 'the metrics that a budget may limit instead, with their units')
    .option('--impairments', 'what --impair can do to the traffic, with an example each')
    .addHelpText(
      'after',
      '\nExamples:\n  floodgate list\n  floodgate list half-open-flood\n  floodgate list --metrics\n  floodgate list --impairments',
    )
    .action(async (name: string | undefined, flags: { readonly metrics?: boolean; readonly impairments?: boolean }) => {
      const lines = flags.impairments
        ? impairmentTable.flatMap((each) => row(each.example, `${each.help}. ${syntaxOf(each)}`, 36))
        : flags.metrics
          ? metricLines()
          : await (name === undefined ? libraryLines() : scenarioLines(name));
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

/** The scenarios by group, then the defects. */
async function libraryLines(): Promise<string[]> {
  const lines: string[] = [];
  let group: string | undefined = '';
  for (const scenario of await library()) {
    if (scenario.group !== group)
      lines.push(...(lines.length > 0 ? [''] : []), `Scenarios: ${scenario.group ?? 'others'}`);
    group = scenario.group;
    const sets = [...(gateScenarios.includes(scenario.name) ? ['the default gate'] : []), ...(scenario.sets ?? [])];
    lines.push(
      ...row(scenario.name, scenario.summary),
      ...row('', `${scenario.lanes.join(', ')}; ${limitWords(scenario)}`),
    );
    if (sets.length > 0) lines.push(...row('', `in ${sets.join(', ')}`));
  }
  const defects = defectNames();
  if (defects.length > 0) lines.push('', 'Defects (floodgate run SCENARIO --defect NAME)');
  for (const each of defects) lines.push(...row(each, await defectSummary(each)));
  return lines;
}

/** What one scenario stands for, and how it is judged. */
async function scenarioLines(name: string): Promise<string[]> {
  const { scenario } = await findTypedScenario(name);
  const { summary, about, group, sets = [], brokenBy, lanes, pace } = scenario;
  return [
    ...[scenario.name, '', ...new Help().boxWrap(`${summary}.`, 100).split('\n')],
    ...(about === undefined ? [] : ['', ...new Help().boxWrap(about.replaceAll(/\s+/g, ' ').trim(), 100).split('\n')]),
    '',
    ...(group === undefined ? [] : row('group', group)),
    ...(sets.length === 0 ? [] : row('sets', sets.join(', '))),
    ...row('lanes', lanes.join(', ')),
    ...row('pace', paceFlags(pace).join(' ')),
    ...row('budget', limitWords(scenario)),
    ...(brokenBy === undefined ? [] : row('broken by', `floodgate run ${name} --defect ${brokenBy}`)),
  ];
}

function limitWords({ budget }: Pick<ScenarioHead, 'budget'>): string {
  const limits = Object.entries(budget).map(([metric, limit]) => {
    const { unit, bound } = findMetric(metric)!;
    return `${metric} ${bound === 'max' ? '≤' : '≥'} ${formatValue(limit, unit)}`;
  });
  return limits.join(', ');
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
