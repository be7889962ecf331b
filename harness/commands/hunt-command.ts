/** `floodgate hunt`: the worst traffic there is for our agent. */
import { type Command, Option } from 'commander';
import { agentStages } from '../scenario/agent-stage.ts';
import type { HuntFlags } from './perform-hunt.ts';

const examples = `
Examples:
  floodgate hunt --minutes 10                            what little traffic can do to the agent
  floodgate hunt --minutes 10 --defect whole-bodies      … to the agent with a known defect: its weak spot is named
  floodgate hunt --minutes 120 --out hunts/night         the same command goes on where it was interrupted or killed
  floodgate hunt --trials 40 --seed 7                    so many programs, and no clock
  floodgate run hunts/night/values.yaml --size 500kB --agent-until witnesses   one of what it found (hunt.txt says the size)

Traffic is changed by what it means: connections opened, gaps, stalls, codings, cuts, nesting. For each bound of the agent's memory, for the
process (memory, allocation, CPU) and for each call site the program is kept that costs most for a byte that it sends. Champions are
simplified, explained, confirmed through a TAP device, and written as scenarios.

Exit codes: 0 done, 1 a program ended the agent, or took too long, 2 could not run, 3 interrupted.`;

export function addHuntCommand(command: Command): void {
  command
    .description(
      'Looks for the traffic that costs the agent most memory and CPU for each byte that is sent, bound by bound.',
    )
    .option('--minutes <n>', 'of the search; what comes after it takes a third as long at most', '10')
    .option('--trials <n>', 'so many programs, in place of a time')
    .option('--seed <n>', 'of every random choice', '1')
    .option('--defect <names>', 'put a known defect in its place in the agent')
    .option('--agent <dir>', 'the agent of this checkout, or installed package, of floodgate')
    .addOption(
      new Option('--agent-until <stage>', 'end the agent after this stage')
        .choices(agentStages.filter((stage) => stage !== 'upload'))
        .default('witnesses'),
    )
    .option('--jobs <n>', 'trials at a time (default: one a core, at most 4)')
    .option('--no-confirm', 'without the TAP device, which takes a network namespace')
    .option('--out <dir>', 'folder for what is found (default: runs/<time>-hunt)')
    .addHelpText('after', examples)
    .action(async (flags: HuntFlags) => {
      process.exitCode = await (await import('./perform-hunt.ts')).performHunt(flags);
    });
}
