/** The entry file of `floodgate`: finds the command, and is the only place that prints an operator's error. */
import { Command } from 'commander';
import { FloodgateError } from '../agent/errors.ts';
import { printable } from '../reports/format.ts';
import { addDiffCommand } from './commands/diff-command.ts';
import { addGateCommand } from './commands/gate-command.ts';
import { addHeapCommand } from './commands/heap-command.ts';
import { addListCommand } from './commands/list-command.ts';
import { addProfileCommand } from './commands/profile-command.ts';
import { addPushCommand } from './commands/push-command.ts';
import { addReportCommand } from './commands/report-command.ts';
import { addRunCommand } from './commands/run-command.ts';
import { addServeCommand } from './commands/serve-command.ts';
import { readToolVersion } from './commands/session.ts';
import { addSliceCommand } from './commands/slice-command.ts';
import { exitCodesLine } from './metrics/exit-codes.ts';

const program = new Command('floodgate')
  .description(
    'Replays floods of recorded API traffic at a capture agent, explains every memory spike, and judges it against a budget.',
  )
  .version(readToolVersion(), '-V, --version', 'tell the version')
  .showHelpAfterError('(floodgate --help, or floodgate COMMAND --help, shows what there is)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Examples:
  floodgate gate                   everything, judged: the release gate
  floodgate run incident           one scenario
  floodgate run ./burst.pcapng     any capture file
  floodgate report runs/latest     the last report again

${exitCodesLine}`,
  );
addGateCommand(program);
addRunCommand(program);
addListCommand(program);
addReportCommand(program);
addDiffCommand(program);
addProfileCommand(program);
addHeapCommand(program);
addPushCommand(program);
addSliceCommand(program);
addServeCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = told(error as Error);
}

function told(error: Error & { code?: string; exitCode?: number }): number {
  // Commander has printed its own message; help and version are no errors.
  if (error.code?.startsWith('commander.')) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof FloodgateError) {
    // Names in it may come from anybody's file.
    const safe = (text: string) =>
      text
        .split('\n')
        .map((line) => printable(line))
        .join('\n');
    process.stderr.write(`floodgate: ${safe(error.message)}\n${safe(error.hint)}\n`);
    return error.exitCode;
  }
  process.stderr.write(`floodgate: this is a mistake in floodgate itself: ${error.stack ?? error}\n`);
  return 2;
}
