/** `floodgate complete SHELL`: completion of commands, options, and of what this project and floodgate have names for. */
import completionOf, { type OptionHandler } from '@bomb.sh/tab';
import addTo from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { metrics } from '../metrics/table.ts';
import { loadProject } from '../project/find-config.ts';
import { defectNames, scenarioNames } from '../scenario/catalogue.ts';
import { commandTable } from './command-table.ts';

/** Adds the command, and the values of options that name something. */
export async function addCompletion(program: Command): Promise<void> {
  addTo(program);
  const own = await projectScenarios();
  const offer =
    (names: readonly string[]): OptionHandler =>
    (complete) => {
      for (const name of names) complete(name, '');
    };
  const metricNames = metrics.map(({ name }) => `${name}=`);
  const handlers: Readonly<Record<string, OptionHandler>> = {
    only: offer(own),
    budget: offer(metricNames),
    threshold: offer(metricNames),
    defect: offer(defectNames()),
  };
  for (const { name, summary } of commandTable) completionOf.commands.get(name)!.description = summary;
  for (const command of completionOf.commands.values()) {
    for (const [name, option] of command.options) {
      const handler = handlers[name];
      if (handler) option.handler = handler;
    }
  }
  const scenario = completionOf.commands.get('run')?.arguments.get('scenario');
  if (scenario) scenario.handler = (complete) => scenarioNames().forEach((name) => void complete(name, ''));
}

/** Whoever has no configuration here, or a broken one, has the options all the same. */
async function projectScenarios(): Promise<readonly string[]> {
  try {
    return (await loadProject(process.cwd())).scenarios.map(({ name }) => name);
  } catch {
    return [];
  }
}
