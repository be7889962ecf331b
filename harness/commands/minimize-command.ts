/** `floodgate minimize`: the smallest capture that still does it. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { agentStages } from '../scenario/agent-stage.ts';
import type { MinimizeFlags } from './perform-minimize.ts';

const examples = `
Examples:
  floodgate minimize runs/latest --while "rss.max > 150MB" -o small.pcap        the traffic of a run, and what it was run with
  floodgate minimize flight/spike-20261129T203747Z --target "./probe {interface}"      what floodgate record kept: its spike stays
  floodgate minimize incident.pcap --while "rss.max > 150MB" --defect reassembly-unbounded
  floodgate minimize prod.pcapng.zst --while "suspect=assembler.ts and pages.max > 20k"
  floodgate minimize prod.pcapng --while "rss.max > 300MB" --target "node server.js" --requests   whole requests are left out
  floodgate minimize prod.pcapng --while exit=1 --check "./provoke.sh {capture}"    any command: its exit code decides
  floodgate minimize prod.pcapng --while "missed.messages > 0" -- --impair loss=1%   behind --, any option of floodgate run

Conditions: METRIC > AMOUNT (also >=, <, <=; floodgate list --metrics), suspect=FILE, FILE#FUNCTION or a pattern of call sites,
cause=reassembly, exit=N, exit!=N; several with "and" between them. A figure that was not measured meets no condition.

It leaves out connections, then exchanges, then frames, then payloads. Trials go through the exact lane where that shows the same
(--lane says otherwise), and every result is confirmed through a TAP device. Each trial is kept in OUT.minimize: the same command
goes on where it was interrupted or killed.

Exit codes: 0 done, 1 the whole capture does not meet the condition, 2 could not run, 3 interrupted.`;

export function addMinimizeCommand(command: Command): void {
  command
    .description(
      'Finds the smallest capture that still does it: of a run, of a recorded spike, of a capture file, or of a scenario.',
    )
    .argument('<what>', 'folder of a run, or of a recorded spike, a capture file, or a scenario')
    .argument('[words...]', 'behind --: further options of floodgate run')
    .option(
      '--while <condition>',
      'what has to stay: "rss.max > 150MB", suspect=assembler.ts, exit=1 (default: of a recorded spike, its level)',
    )
    .option('-o, --output <file>', 'capture to write: pcap, or pcapng where the name says so', 'small.pcap')
    .option('--check <command>', 'in place of a run: its exit code decides, {capture} is filled in')
    .option('--target <what>', 'instead of the agent: a command line, as floodgate run takes it')
    .option('--requests', 'send the requests of the capture at the target; whole ones are left out')
    .option('--defect <names>', 'put a known defect in its place in the agent')
    .addOption(new Option('--agent-until <stage>', 'end the agent after this stage').choices(agentStages))
    .addOption(
      new Option('--lane <lane>', 'auto: search in the exact lane, confirm through a TAP device; or one lane for both')
        .choices(['auto', 'tap', 'exact'])
        .default('auto'),
    )
    .option('--scenario <name>', 'which run of a gate')
    .option('--minutes <n>', 'of trials, at most; what is smallest by then is written', '15')
    .option('--trials <n>', 'so many trials, in place of a time')
    .option('--jobs <n>', 'trials at a time in the exact lane (default: one a core, at most 4)')
    .option('--size <amount>', 'of a scenario: sum of frame lengths to generate, e.g. 100MB')
    .option('--seed <n>', 'of a scenario: of every random choice')
    .option('--fresh', 'begin anew, whatever was tried before')
    .addHelpText('after', examples)
    .action(async (what: string, words: readonly string[], flags: MinimizeFlags) => {
      process.exitCode = await (await import('./perform-minimize.ts')).performMinimize(what, words, flags);
    });
}
