/** `floodgate complete SHELL`: completion of commands, options, and of what this project and floodgate have names for. */
import completionOf, { type OptionHandler } from '@bomb.sh/tab';
import addTo from '@bomb.sh/tab/commander';
import { Command } from 'commander';
import { metrics } from '../metrics/table.ts';
import { loadProject } from '../project/find-config.ts';
import { defectNames, scenarioNames } from '../scenario/catalogue.ts';
import type { CommandRow } from './command-row.ts';

const shells = ['bash', 'zsh', 'fish', 'powershell'];

const examples = `
Examples:
  source <(floodgate complete bash)                                  for this shell; needs the package bash-completion
  floodgate complete zsh > "\${fpath[1]}/_floodgate"                  for every shell from now on
  floodgate complete fish > ~/.config/fish/completions/floodgate.fish`;

/** @param rows all commands of the program */
export const addCompleteCommand = (rows: readonly CommandRow[]) => (command: Command) => {
  command
    .description('Prints a script that completes commands, options and names in a shell.')
    .argument('<shell>', shells.join(', '))
    .allowExcessArguments()
    .addHelpText('after', examples)
    .action(async (shell: string) => {
      // The scripts ask so: floodgate complete -- WORDS.
      const words = process.argv.indexOf('--');
      if (words !== -1) await complete(rows, process.argv.slice(words + 1));
      else if (shells.includes(shell)) completionOf.setup('floodgate', 'floodgate', shell);
      else command.error(`error: there is no script for ${shell}; shells: ${shells.join(', ')}`);
    });
};

/** Prints what the last of the words may be. */
async function complete(rows: readonly CommandRow[], words: readonly string[]): Promise<void> {
  const shadow = new Command('floodgate');
  // The library brings the row of this command itself.
  for (const { name, summary, load } of rows.filter((row) => row.name !== 'complete')) {
    const command = shadow.command(name);
    if (words.includes(name)) (await load())(command);
    command.description(summary);
  }
  addTo(shadow);
  await addNames();
  completionOf.parse([...words]);
}

/** Values of options and arguments that name something. */
async function addNames(): Promise<void> {
  const offer =
    (names: readonly string[]): OptionHandler =>
    (complete) => {
      for (const name of names) complete(name, '');
    };
  const metricNames = metrics.map(({ name }) => `${name}=`);
  const scenarios = offer(await projectScenarios());
  const handlers: Readonly<Record<string, OptionHandler>> = {
    only: scenarios,
    scenario: scenarios,
    metric: offer(metrics.map(({ name }) => name)),
    budget: offer(metricNames),
    threshold: offer(metricNames),
    defect: offer(defectNames()),
  };
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
