/** The command line of `floodgate-agent`: what is asked for is loaded, errors are printed, the exit code is set. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { hasStuckReads } from '../capture/patient-source.ts';
import { FloodgateError } from '../errors.ts';
import { helpLayout, helpOutput } from '../help-layout.ts';
import { stages } from '../stage.ts';
import { addCaptureOptions, type CaptureFlags, describeOption, lastStage, readsFile } from './capture-options.ts';
import type { CollectFlags } from './collect.ts';
import { addOptionsOf, environmentName, OptionDrafts, unknownVariables } from './environment.ts';
import { report } from './notices.ts';
import { parseListen, parseSize } from './option-values.ts';
import { refuseSharedPlaces, writesAnything } from './output-places.ts';

/**
 * @param argv as `process.argv`
 * @returns how much of the pipeline a recorded capture needed that was read to its end, up to 8; 0 for whatever else
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const done = { reach: 0 };
  try {
    await commandLine(done).parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has printed its message already; help and version end here as well.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (error instanceof FloodgateError) {
      process.stderr.write(`floodgate-agent: ${error.message}\n  ${error.hint}\n`);
      process.exitCode = error.exitCode;
    } else throw error;
  }
  if (hasStuckReads()) (await import('../capture/sys/leave.ts')).leaveProcess(Number(process.exitCode ?? 0));
  return done.reach;
}

function commandLine(done: { reach: number }): Command {
  const program = new Command('floodgate-agent')
    .description(
      'Watches network interfaces, or reads a capture, and reports its HTTP traffic, in bounded memory.\n' +
        'Say where frames come from (--read or --interface) and what to write (--messages, --har, …).',
    )
    .version(version(), '-V, --version')
    .showHelpAfterError('(floodgate-agent --help lists the options)')
    .allowExcessArguments(false)
    .enablePositionalOptions()
    // A mistyped option may have a URL behind it, with a password in it.
    .configureHelp(helpLayout)
    .configureOutput({
      ...helpOutput(writeOut),
      outputError: (text, write) => write(text.replace(/:\/\/[^\s'"]*/g, '://…')),
    })
    .exitOverride();
  addCaptureOptions(program);
  program.action(async () => {
    const { config } = program.opts<CaptureFlags>();
    if (config !== undefined) (await import('./config-file.ts')).applyConfigFile(program, config);
    done.reach = await capture(program.opts<CaptureFlags>());
  });
  program
    .command('inspect')
    .description('witnesses of a file, or one bare witness, as JSON lines with their digests')
    .argument('<file>', 'written by --witnesses, or one witness in binary protobuf')
    .addHelpText('after', inspectExamples)
    .action(async (file: string) => (await import('./inspect.ts')).runInspect(file));
  const collect = addCollect(program);
  program.hook('preAction', () => {
    const names = () => [
      ...program.options.map((option) => environmentName(option)),
      ...collect.options.map((option) => environmentName(option, collect.name())),
    ];
    for (const line of unknownVariables(process.env, names)) report(line);
  });
  return program;
}

/** Only for who writes on it: to make `process.stdout` takes 4 ms of CPU. */
function writeOut(text: string): void {
  // Help into a pipe whose reader has seen enough is no error.
  process.stdout.on('error', () => {});
  process.stdout.write(text);
}

async function capture(flags: CaptureFlags): Promise<number> {
  refuseSharedPlaces(flags);
  // `--until` says that nothing is wanted.
  if (flags.until === undefined && !writesAnything(flags)) {
    report('nothing is written: --print shows exchanges, --messages, --har, --witnesses and --stats take a file each');
  }
  if (flags.statsIntervalMs !== undefined && flags.stats === undefined) {
    throw new FloodgateError('nothing-to-sample', '--stats-interval-ms is of no use without --stats', {
      hint: 'say where the lines go: --stats FILE',
    });
  }
  if ((flags.workers ?? 1) > 1) {
    await (await import('./capture-workers.ts')).runWorkers(flags, version());
    return 0;
  }
  const frames = await (await import('./capture.ts')).runCapture(flags, version());
  // Any frame shows more of what is needed than the furthest stage without.
  return readsFile(flags) ? stages.indexOf(lastStage(flags)) + 1 + (frames > 0 ? stages.length : 0) : 0;
}

function addCollect(program: Command): Command {
  const drafts = new OptionDrafts()
    .option('--listen <address>', 'where to, e.g. 127.0.0.1:8700; port 0 takes any that is free', parseListen)
    .addOption(new Option('--store <file>', 'the SQLite file, made if it is not there').makeOptionMandatory())
    .addOption(
      new Option('--store-max <size>', 'it grows no further: agents have to keep what they have')
        .argParser(parseSize)
        .default(10e9, '10GB'),
    )
    .option('--credentials <file>', 'one line, user:password, that agents give in their --upload URL')
    .option('--print', 'a line for each witness as it comes')
    .option('--list', 'what is in the store, then end')
    .option('--counts', 'how many exchanges of each endpoint there were, with an interval of 99 %, then end')
    .option('--json', '… as JSON lines');
  const command = program
    .command('collect')
    .description('receives the witnesses that agents upload and keeps them in an SQLite file');
  addOptionsOf(drafts, command, 'collect');
  command
    .configureHelp({ ...helpLayout, optionDescription: describeOption })
    .addHelpText('after', collectExamples)
    .action(async (flags: CollectFlags) => (await import('./collect.ts')).runCollect(flags));
  return command;
}

const inspectExamples = `
Examples:
  floodgate-agent inspect traffic.witnesses
  floodgate-agent inspect traffic.witnesses | jq -r '[.digest, .witness.method.meta.http.method] | @tsv'

A line is {"digest": …, "keys": …, "witness": …}: keys says how many of the witness's keys are the digest of their value.`;

const collectExamples = `
Examples:
  floodgate-agent collect --listen 127.0.0.1:8700 --store witnesses.sqlite --print
  floodgate-agent collect --store witnesses.sqlite --list
  floodgate-agent collect --store witnesses.sqlite --counts

An agent that cannot keep up makes witnesses of some exchanges only; each says how many it stands for. --counts adds these
up by endpoint: method, host, and path with numbers as # and identifiers as *.

Witnesses come by POST /v1/witnesses in zstd or gzip, each with its length before it, a batch a request. A batch that comes
again under its floodgate-batch identity is acknowledged and not stored twice. 400, 413 and 415 say that a batch will
never be taken; after anything else the agent keeps it and tries again.

Every option is also an environment variable: --listen is FLOODGATE_AGENT_COLLECT_LISTEN.`;

let manifest: { version: string } | null = null;

function version(): string {
  manifest ??= JSON.parse(findUp(import.meta.dirname)) as { version: string };
  return manifest.version;
}

/** The package's own manifest: two levels up in the sources, three where it was built. */
function findUp(folder: string): string {
  try {
    return readFileSync(`${folder}/package.json`, 'utf8');
  } catch (error) {
    const parent = path.dirname(folder);
    if (parent === folder) throw error;
    return findUp(parent);
  }
}
