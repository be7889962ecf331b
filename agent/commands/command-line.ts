/** The command line of `floodgate-agent`: what is asked for is loaded, errors are printed, the exit code is set. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { FloodgateError } from '../errors.ts';
import { addCaptureOptions, type CaptureFlags } from './capture-options.ts';

/** @param argv as `process.argv` */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  // Help into a pipe whose reader has seen enough is no error.
  process.stdout.on('error', () => {});
  try {
    await commandLine().parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has printed its message already; help and version end here as well.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (error instanceof FloodgateError) {
      process.stderr.write(`floodgate-agent: ${error.message}\n  ${error.hint}\n`);
      process.exitCode = error.exitCode;
    } else throw error;
  }
}

function commandLine(): Command {
  const program = new Command('floodgate-agent')
    .description(
      'Watches network interfaces, or reads a capture, and tells the HTTP traffic in it, in bounded memory.\n' +
        'Say where frames come from (--read or --interface) and what to write (--messages, --har, …).',
    )
    .version(version(), '-V, --version')
    .showHelpAfterError('(floodgate-agent --help tells what there is)')
    .allowExcessArguments(false)
    .enablePositionalOptions()
    .exitOverride();
  addCaptureOptions(program);
  program.action(async () => {
    const { config } = program.opts<CaptureFlags>();
    if (config !== undefined) (await import('./config-file.ts')).applyConfigFile(program, config);
    await (await import('./capture.ts')).runCapture(program.opts<CaptureFlags>(), version());
  });
  program
    .command('inspect <file>')
    .description('witnesses of a file, or one bare witness, as JSON lines with their digests')
    .action(async (file: string) => (await import('./inspect.ts')).runInspect(file));
  return program;
}

function version(): string {
  const manifest = findUp(import.meta.dirname);
  return (JSON.parse(manifest) as { version: string }).version;
}

/** The package's own manifest: two levels up in the sources, three where it was built. */
function findUp(folder: string): string {
  try {
    return readFileSync(path.join(folder, 'package.json'), 'utf8');
  } catch (error) {
    const parent = path.dirname(folder);
    if (parent === folder) throw error;
    return findUp(parent);
  }
}
