/** `floodgate signoff`: a release measured, judged, and sealed as a bundle that anyone can verify. */
import { type Command, InvalidArgumentError } from 'commander';
import { exitCodesLine } from '../metrics/exit-codes.ts';
import { candidateUsual, pairsUsual, timeUsual } from '../signoff/usual-order.ts';
import { repeated } from './repeated-option.ts';
import type { SignoffFlags } from './signoff-flags.ts';

const examples = `
Examples:
  openssl genpkey -algorithm ed25519 -out release.key
  openssl pkey -in release.key -pubout -out release.pub
  floodgate signoff --release v1.4.0 --previous v1.3.2 --key release.key
  floodgate signoff --release v1.4.0 --candidate shop-1.4.0.tgz --previous shop-1.3.2.tgz --key release.key
  floodgate signoff --release v1.4.0 --previous v1.3.2 --only cart     a small one, which says that it is
  floodgate verify runs/signoff-v1.4.0 --key release.pub

Scenarios are those of floodgate.config.*, or floodgate's own where there is none. A candidate is a folder, a commit or a tag, or a
package (.tgz). Both versions are built on this machine, as floodgate compare does. Nothing goes over the network but what a build asks for.

${exitCodesLine}`;

export function addSignoffCommand(command: Command): void {
  command
    .description(
      'Runs the release set, compares it with the release before it, judges both, and writes one bundle: a page, all raw data, and a ' +
        'signed statement. floodgate verify checks it anywhere.',
    )
    .requiredOption('--release <name>', 'what the release is called: v1.4.0')
    .option('--candidate <version>', 'folder (./…), commit, tag, or package (.tgz) to judge', candidateUsual)
    .option('--previous <version>', 'the release before it, in the same forms; without: compared with nothing')
    .option('--against-itself', 'take a --previous that is the candidate, or its own commit; the bundle says so')
    .option('--key <file>', 'private Ed25519 key (PEM); without, the bundle is unsigned and says so')
    .option('--passphrase-file <file>', 'holds what opens the key, in its first line; a pipe too: <(pass show release)')
    .option('--out <dir>', 'folder for the bundle, empty or new (default: runs/signoff-<release>)')
    .option('--archive', 'write <dir>.tar.gz as well')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .option('--set <name>', 'scenarios of this set (default: release, where a scenario is in it; else all)')
    .option(
      '--only <scenario>',
      'this scenario of the set alone; may be repeated; the bundle names what was left out',
      repeated,
    )
    .option('--env <name>', 'limits of this environment of the configuration')
    .option('--lane <lane>', 'exact or tap, for floodgate’s own agent; may be repeated (default: both)', lanes)
    .option('--compare-lane <lane>', 'in which versions are compared; may be repeated (default: exact)', lanes)
    .option('--max-pairs <n>', 'pairs a comparison, at most (5 to 64)', pairsUsual)
    .option('--max-time <time>', 'no new pair begins after it', timeUsual)
    .option('--seed <n>', 'of the order within pairs (default: by the time)')
    .option('--no-pdf', 'print no PDF, even where there is a Chromium')
    .option(
      '--include-snapshots',
      'heap snapshots of runs over budget too: they hold whatever was in memory, secrets included',
    )
    .addHelpText('after', examples)
    .action(async (flags: SignoffFlags) => {
      process.exitCode = await (await import('./perform-signoff.ts')).performSignoff(flags);
    });
}

function lanes(value: string, all: readonly ('tap' | 'exact')[] = []): ('tap' | 'exact')[] {
  if (value === 'tap' || value === 'exact') return [...all, value];
  throw new InvalidArgumentError('It is exact or tap.');
}
