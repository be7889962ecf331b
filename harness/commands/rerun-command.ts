/** `floodgate rerun`: the runs of a bundle that repeat, on this machine, beside the figures that were signed. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { printable } from '../../reports/format.ts';
import { listsDriversFrom } from '../signoff/input-origin.ts';
import { listedOf } from '../signoff/refusal.ts';
import { addKeylessOptions, type KeylessFlags } from './keyless-flags.ts';
import { removeLeftOver } from './left-over.ts';
import { inProjectFolder } from './project-folder.ts';
import { repeated } from './repeated-option.ts';
import { rerunWords } from './rerun-words.ts';
import type { VerifyFlags } from './verify-command.ts';

const examples = `
Examples:
  floodgate rerun signoff-v1.4.0 --key release.pub --candidate v1.4.0    in a clone of the project
  floodgate rerun signoff-v1.4.0 --key release.pub --candidate shop-1.4.0.tgz --only cart

The bundle is verified first: its commands are run. The candidate has to be the one that was signed off; loads and recordings have to lie where
they lay, seen from this folder, with the digests that the bundle has; other files of the working folder that differ are named. What is
allocated and counted is held: within 0.5 % where it repeats, else within what the candidate's signed runs ranged over, and as much on either
side. Time and resident memory are another machine's.

Exit codes:
  0  every figure is within its stated range
  1  one is not, or the bundle is refused
  2  could not run
  3  interrupted
  4  a figure is not known, or there was none to hold`;

export interface RerunFlags extends KeylessFlags, Pick<VerifyFlags, 'key' | 'allowUnsigned'> {
  readonly candidate: string;
  readonly only?: readonly string[];
  readonly config?: string;
}

export function addRerunCommand(command: Command): void {
  const described = command
    .description('Runs a sealed release again, as far as its figures repeat, and says whether they come out.')
    .argument('<bundle>', 'folder, or .tar.gz')
    .option('--key <file>', 'public Ed25519 key (PEM) of who signed it');
  addKeylessOptions(described)
    .option('--candidate <version>', 'the candidate: folder (./…), commit, tag, or package (.tgz)', '.')
    .option('--only <scenario>', 'this scenario alone; may be repeated', repeated)
    .option('--config <file>', 'scenarios of this configuration, where a command in the bundle had a secret taken out')
    .option('--allow-unsigned', 'runs commands that nobody answers for')
    .addHelpText('after', examples)
    .action(async (bundle: string, flags: RerunFlags) => {
      process.exitCode = await performRerun(bundle, flags);
    });
}

/** @returns the exit code */
async function performRerun(bundle: string, flags: RerunFlags): Promise<number> {
  const { textOf, verifyPlace } = await import('./verify-command.ts');
  // The candidate is a version to run here, and is compared once it is prepared.
  const { candidate, only, config, ...signature } = flags;
  const { files, verified } = await verifyPlace(bundle, signature);
  // What failed can be run again as well; what was bent cannot.
  if (verified.report === null) {
    process.stdout.write(textOf(verified));
    return 1;
  }
  const [
    { projectIn, rerun },
    { checkInputs },
    { otherHere },
    { VersionStore },
    { openSession },
    prepare,
    { loadProject },
  ] = await Promise.all([
    import('../signoff/rerun.ts'),
    import('../signoff/recording.ts'),
    import('../signoff/working-again.ts'),
    import('../compare/version-store.ts'),
    import('./session.ts'),
    import('./prepare-version.ts'),
    import('../project/find-config.ts'),
  ]);
  const session = await openSession(config);
  const { report } = verified;
  const folder = process.cwd();
  const project = config === undefined ? projectIn(files, folder) : await loadProject(folder, config);
  const unknown = only?.find((name) => !report.scenarios.some((each) => each.name === name));
  if (unknown !== undefined)
    throw noScenario(
      unknown,
      report.scenarios.map(({ name }) => name),
    );
  const step = (text: string) => void process.stderr.write(`${printable(text)}\n`);
  const others = otherHere(report, files, folder);
  const othersText =
    others.length === 0
      ? undefined
      : `not as in the working folder that it was signed off in: ${listedOf(others, others.length)}. Whatever a load reads of these is another`;
  if (othersText !== undefined) step(othersText);
  checkInputs(report, project);
  if (report.schemaVersion < listsDriversFrom)
    step(`loads are in no digest of schema version ${report.schemaVersion}: those that lie here are run`);
  const workFolder = path.join(project.folder, '.floodgate', `rerun-${process.pid}`);
  const store = inProjectFolder(project.folder, () => {
    mkdirSync(workFolder, { recursive: true, mode: 0o700 });
    const { build } = project.config;
    return new VersionStore({ folder: project.folder, build, onStep: step, describeSource: prepare.describeSource });
  });
  try {
    removeLeftOver(path.dirname(workFolder));
    const { version } = await prepare.preparedVersion(store, project, candidate);
    prepare.refuseOtherSource(files, store.sourceOf(version) ?? '', report.schemaVersion);
    store.activate(version);
    const { figures, notHeld } = await rerun({
      report,
      project,
      only,
      store,
      workFolder,
      signal: session.signal,
      onStep: step,
    });
    if (process.version !== report.machine.node)
      step(`signed off under Node.js ${report.machine.node}, run again under ${process.version}`);
    const { lines, exitCode } = rerunWords({ figures, notHeld });
    // Beside a figure that is another, whoever reads the end alone finds what may be why.
    if (exitCode !== 0 && othersText !== undefined) lines.push(`note: ${othersText}`);
    process.stdout.write(`${lines.map((line) => printable(line)).join('\n')}\n`);
    return exitCode;
  } finally {
    store.close();
    rmSync(workFolder, { recursive: true, force: true });
  }
}

function noScenario(name: string, names: readonly string[]): FloodgateError {
  return new FloodgateError('option-invalid', `there is no scenario "${name}" in the bundle`, {
    hint: `Scenarios: ${names.join(', ')}.`,
  });
}
