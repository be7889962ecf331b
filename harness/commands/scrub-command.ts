/** `floodgate scrub`: a capture without what it says. `--help` reads this: it imports little. */
import type { Command } from 'commander';
import type { ScrubFlags } from './scrub-flags.ts';

const examples = `
Examples:
  floodgate scrub production.pcapng shared.pcapng
  floodgate scrub production.pcapng shared.pcapng.zst --key our.key     the same key, the same names in both
  floodgate scrub monday.pcapng monday-shared.pcapng --key our.key
  floodgate scrub --check shared.pcapng                                 looks for what looks like a secret
  floodgate scrub --check shared.pcapng --original production.pcapng    and for every value of the original
  floodgate slice runs/latest --spike 1 --scrub -o spike.pcapng`;

export function addScrubCommand(command: Command): void {
  command
    .description(
      'Writes a capture whose names, paths, hosts, values and addresses are others, by a key: equal things stay equal, and what makes ' +
        'memory stays (lengths, framing, codings, the shape of JSON). What cannot be scrubbed is left out, and listed. ' +
        'With --check it looks for leaks instead: exits 1 where it finds one.',
    )
    .argument('<files...>', 'the capture to read and the file to write: IN OUT; with --check the file to look at')
    .option(
      '--key <file>',
      'a file that only you have: equal things are equal in all captures scrubbed with it (default: a new key)',
    )
    .option('--check', 'looks for secrets in a scrubbed file')
    .option('--original <file>', 'with --check: the capture that was scrubbed, for its values')
    .addHelpText('after', examples)
    .action(async (files: readonly string[], flags: ScrubFlags) => {
      process.exitCode = await (await import('./perform-scrub.ts')).performScrub(files, flags);
    });
}
