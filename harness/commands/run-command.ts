/** `floodgate run`: one scenario or capture file, judged against its budget. */
import { type Command, Option } from 'commander';
import { exitCodesLine } from '../metrics/exit-codes.ts';
import { intervalMsUsual, sampleMsUsual } from '../pass/usual-sampling.ts';
import { agentStages } from '../scenario/agent-stage.ts';
import { repeated } from './repeated-option.ts';
import { addRequestsOptions } from './requests-flags.ts';
import type { RunFlags } from './run-flags.ts';
import { addSpreadOptions } from './spread-flags.ts';
import { addTargetOptions } from './target-flags.ts';
import { addTrafficOptions } from './traffic-flags.ts';

const examples = `
Examples:
  floodgate run incident                                 the article's incident through a TAP device
  floodgate run incident --defect reassembly-unbounded   the same with the article's first bug: exits 1
  floodgate run recorded-burst --speed 4x --explain      faster, and with call sites for every spike
  floodgate run incident --agent-until http              the agent's first stages alone; the report says so
  floodgate run steady --cpu --flame                     where its CPU time goes, by phase and as a flame graph
  floodgate run steady --lane exact                      over a pipe: no privilege, repeatable to the byte
  floodgate run --target "node server.js" --load "autocannon -c 20 -d 10 http://127.0.0.1:{port}" --budget rss.p99=200MB
  floodgate run --target "./service" --pprof http://127.0.0.1:{port}/debug/pprof --load "./load.sh {port}" --explain
  floodgate run --target "node server.js" --load "./load.sh {port}" --budget growth.perRequest=200B --lines   who keeps it, on which line
  floodgate run --target pid:1234 --duration 1min         any process: memory only, left running
  floodgate run --target pid:1234 --duration 30min --profile-every 90s   and its profiles: a Node.js process is looked into
  floodgate run incident --target "tcpdump -i {interface} -w /dev/null" --ready "listening on"
  floodgate run ./production.pcapng --profile ramp=1x..8x/30s,step=8x/10s     faster and faster
  floodgate run ./production.pcapng --budget rss.p99=200MB --budget dropped.frames=0
  floodgate run ./production.pcapng --target "node server.js" --requests --budget requests.late=5ms --budget rss.max=200MB
  floodgate run ./browser.har --target "node server.js" --requests --one-at-a-time --loop 20 --rewrite-header "Authorization: Bearer {env:TOKEN}"
  floodgate run ./production.pcapng --impair loss=1%,reorder=2%/50,duplicate=0.5% --budget missed.messages=0
  floodgate run ./production.pcapng --interfaces 8 --impair loss=1% --impair-interface 3   eight TAP devices, all loss on one
  floodgate run ./production.pcapng --impair-file runs/latest/applied.impair.jsonl   the same again, byte for byte

${exitCodesLine}`;

export function addRunCommand(command: Command): void {
  command
    .description(
      'Replays a scenario, or any pcap or pcapng file, at the agent and judges its memory against a budget; with --target, ' +
        'does the same to another program: idle, under load, recovering.',
    )
    .argument(
      '[scenario]',
      'name from "floodgate list", or the path of a scenario file (YAML, TypeScript) or of a capture; may be left out with --target',
    )
    .addOption(new Option('--lane <lane>', 'tap: through the kernel; exact: over a pipe').choices(['tap', 'exact']))
    .option('--defect <names>', 'put a known defect in its place in the agent, or several: a,b,c')
    .addOption(
      new Option(
        '--agent-until <stage>',
        'end the agent after this stage (default: upload, into a collector; in the exact lane http)',
      ).choices(agentStages),
    )
    .addOption(
      new Option('--speed <factor>', 'recorded timing, so many times as fast, e.g. 4x').conflicts([
        'pps',
        'mbps',
        'profile',
        'topspeed',
      ]),
    )
    .addOption(new Option('--pps <n>', 'frames a second').conflicts(['mbps', 'profile', 'topspeed']))
    .addOption(new Option('--mbps <n>', 'megabits a second').conflicts(['profile', 'topspeed']))
    .addOption(
      new Option(
        '--profile <list>',
        'rates over time, in pps, Mbps or x; the traffic is repeated until they are over, e.g. ramp=10kpps..200kpps/30s,step=200kpps/10s; ' +
          'also sine=LOW..HIGH/PERIOD/TIME and bursts=RATE/ON/OFF/COUNT',
      ).conflicts('topspeed'),
    )
    .option('--topspeed', 'as fast as the device takes them')
    .option('--loop <n>', 'the traffic so many times over, each time between other addresses')
    .option('--size <amount>', 'sum of frame lengths to generate, e.g. 100MB')
    .option('--seed <n>', 'of every random choice')
    .option('--out <dir>', 'folder for the report (default: runs/<time>-<scenario>)')
    .option('--explain', 'replay again with allocation sampling even when the budget holds')
    .option('--no-explain', 'measure only, even when the budget is broken')
    .option('--lines', 'replay once more for the lines of the first suspect: bytes by source line (Node.js)')
    .option(
      '--sites <amount>',
      'replay again and write sites.json: what each call site allocates a request, sampled every so many bytes, e.g. 4KiB',
    )
    .option(
      '--profile-every <time>',
      'replay again with a profile every so often, e.g. 90s: of allocations, and of what is alive; two are compared by floodgate diff',
    )
    .option('--repeatable', 'V8 arguments under which a Node.js target allocates the same in every run; it is slower')
    .option('--no-repeatable', 'with --one-at-a-time: V8 as it runs by itself')
    .option('--agent <dir>', 'run the agent of this checkout, or installed package, of floodgate')
    .option('--keep-snapshots', 'leave the heap snapshots of a replay in the report folder')
    .option('--keep-measurement', 'leave measurement.json in the report folder: all that the figures are read from')
    .option('--cpu', 'replay again with V8’s CPU profiler: one profile a phase')
    .option('--flame', 'replay again for a flame graph by 0x, where you have it installed')
    .option('--doctor', 'replay again under clinic doctor, where you have it installed')
    .option('--push <url>', 'send the profiles to Pyroscope or Parca: see floodgate push --help')
    .option('--interval-ms <n>', 'length of a profile interval', intervalMsUsual)
    .option('--sample-ms <n>', 'between two readings of memory', sampleMsUsual)
    .option(
      '--budget <name=value>',
      'replaces or adds a limit; may be repeated; floodgate list --metrics shows the names',
      repeated,
    )
    .addHelpText('after', examples)
    .action(async (name: string | undefined, flags: RunFlags) => {
      process.exitCode = await (await import('./perform-run.ts')).performRun(name, flags);
    });
  addTrafficOptions(command);
  addSpreadOptions(command);
  addTargetOptions(command);
  addRequestsOptions(command);
}
