/** The entry file of `floodgate`: finds the command, and is the only place that prints an operator's error. */
import { Command } from 'commander';
import { FloodgateError } from '../agent/errors.ts';
import { helpLayout, helpOutput } from '../agent/help-layout.ts';
import { printable } from '../reports/format.ts';
import { commandTable } from './commands/command-table.ts';
import { unwritable } from './commands/draft-file.ts';
import { refuseEmptyValues } from './commands/empty-values.ts';
import { fullDisk } from './commands/full-disk.ts';
import { readToolVersion } from './commands/tool-version.ts';
import { dropGitVariables } from './compare/git-variables.ts';
import { exitCodesLine } from './metrics/exit-codes.ts';

dropGitVariables(process.env);
const program = new Command('floodgate')
  .description(
    'Replays floods of recorded API traffic at a capture agent, explains every memory spike, and judges it against a budget.',
  )
  .version(readToolVersion(), '-V, --version', 'print the version')
  .showHelpAfterError('(floodgate --help, or floodgate COMMAND --help, shows commands and options)')
  .configureHelp(helpLayout)
  .configureOutput(helpOutput((text) => process.stdout.write(text)))
  .exitOverride()
  .addHelpText(
    'after',
    `
Examples:
  floodgate gate                   every scenario of this project, judged
  floodgate run incident           one scenario
  floodgate run ./burst.pcapng     any capture file
  floodgate report runs/latest     the last report again

${exitCodesLine}`,
  );
program.hook('preAction', (_program, command) => refuseEmptyValues(command));
// The group first: `help` goes into the one that there is when it is made.
program.commandsGroup('Set up:').helpCommand(true);
// A command that is not named only shows its summary: loading all of them would take half of the time of `--help`.
for (const { name, group, summary, load } of commandTable) {
  const command = program.command(name).summary(summary).helpGroup(`${group}:`);
  if (process.argv.includes(name)) (await load())(command);
}

// Whoever reads our output may stop reading it (`floodgate list | head -1`): the rest is dropped, and the exit code stands.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(reported(unwritable('standard output', error)));
  });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reported(await withoutSecrets(error as Error));
}

/** Messages name commands, and hints what programs wrote. */
async function withoutSecrets(error: Error): Promise<Error> {
  const { code: kind = '' } = error as { code?: string };
  // One that is about a secret names its place, without it.
  if (kind.startsWith('commander.') || kind === 'secret-found') return error;
  const { ownRedactor } = await import('./target/plain-output.ts');
  const redactor = await ownRedactor();
  if (error.stack !== undefined) error.stack = redactor.text(error.stack);
  if (!(error instanceof FloodgateError)) return error;
  const { code, message, hint, exitCode } = error;
  return new FloodgateError(code, redactor.text(message), { hint: redactor.text(hint), exitCode, cause: error });
}

/** Prints an error, and returns the exit code it stands for. */
function reported(error: Error & { code?: string; exitCode?: number }): number {
  // Commander has printed its own message; help and version are no errors.
  if (error.code?.startsWith('commander.')) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof FloodgateError) {
    // Names in it may come from a file that we did not write.
    const safe = (text: string) =>
      text
        .split('\n')
        .map((line) => printable(line))
        .join('\n');
    process.stderr.write(`floodgate: ${safe(error.message)}\n${safe(error.hint)}\n`);
    return error.exitCode;
  }
  // Whatever was being written.
  const full = fullDisk[error.code ?? ''];
  if (full !== undefined)
    return reported(
      new FloodgateError('output-unwritable', full, { hint: 'Make room, or write elsewhere: --out DIR, TMPDIR.' }),
    );
  process.stderr.write(`floodgate: this is a mistake in floodgate itself: ${error.stack ?? error}\n`);
  return 2;
}
