/** `floodgate sweep`: what the next per cent of the messages costs in memory. */
import { type Command, Option } from 'commander';
import type { SweepFlags } from './perform-sweep.ts';

const examples = `
Examples:
  floodgate sweep incident --size 100MB                              four page limits, no loss and 1 %, as recorded
  floodgate sweep prod.pcapng --pages 500,2k,8k,32k --loss 0%,0.1%,1%,5% --rate 1x,4x
  floodgate sweep ./flood.yaml --lane exact --loss 1%                over a pipe: no privilege; rates are of no account there
  floodgate sweep steady --pages 100,1k,10k --impair skew=server/50ms   pages are for what comes late
  floodgate sweep incident -- --agent-until http                     behind --, any option of floodgate run

Each cell of the grid is a run. The table says how many of all messages that were sent the agent found, how much memory that took at
the 99th percentile, and what one per cent more costs from one page limit to the next; sweep.html draws it.

Exit codes: 0 done, 1 a cell could not be measured, 2 could not run, 3 interrupted.`;

export function addSweepCommand(command: Command): void {
  command
    .description('Runs a scenario or a capture over page limits, losses and rates: messages recovered against rss.p99.')
    .argument('<scenario>', 'a name from "floodgate list", a scenario file, or a capture file')
    .argument('[words...]', 'behind --: further options of floodgate run')
    .option('--pages <list>', 'reassembly pages of the agent', '500,2k,8k,18k')
    .option('--loss <list>', 'shares of frames that the capture loses', '0%,1%')
    .option('--rate <list>', 'times as fast as recorded (4x), 200Mbps, 50kpps, topspeed; in the exact lane one', '1x')
    .addOption(
      new Option('--lane <lane>', 'tap: through the kernel; exact: over a pipe')
        .choices(['tap', 'exact'])
        .default('tap'),
    )
    .option(
      '--impair <list>',
      'what else goes wrong in every cell, behind the loss: reorder=20%/200 (floodgate list --impairments)',
    )
    .option('--size <amount>', 'sum of frame lengths to generate, e.g. 100MB')
    .option('--seed <n>', 'of every random choice')
    .option('--sample-ms <n>', 'between two readings of memory: a percentile takes 1,000', '5')
    .option('--out <dir>', 'folder for the table and the page (default: runs/<time>-sweep)')
    .addHelpText('after', examples)
    .action(async (what: string, words: readonly string[], flags: SweepFlags) => {
      process.exitCode = await (await import('./perform-sweep.ts')).performSweep(what, words, flags);
    });
}
