/** The command line without a run: help, lists, and options that make no sense. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { program, run } from './cli-trial.ts';

t.setTimeout(120_000);

/** As they lie in this folder, so that a command that cannot be reached, or without help, is found. */
const commandNames = readdirSync(import.meta.dirname)
  .flatMap((file) => /^(\w+)-command\.ts$/.exec(file)?.[1] ?? [])
  .sort();

t.test('help, with examples, for every command', async (t) => {
  const { code, out } = await run(['--help']);
  t.equal(code, 0);
  const sections = out.slice(out.indexOf('\nJudge:\n'), out.indexOf('\nExamples:\n'));
  const listed = [...sections.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name).sort();
  t.same(listed, [...commandNames, 'help'].sort(), 'the help lists exactly the commands there are');
  for (const command of commandNames) {
    for (const args of [
      [command, '--help'],
      ['help', command],
    ]) {
      const help = await run(args);
      t.equal(help.code, 0, args.join(' '));
      t.match(help.out, new RegExp(`^Usage: floodgate ${command}\\b`), args.join(' '));
      t.match(help.out, /^Examples?:$/m, args.join(' '));
      t.notMatch(help.out, /\[\]/, 'no default that is only an empty list');
    }
  }
  t.match(await run(['--version']), { code: 0, out: /^\d+\.\d+\.\d+\n$/ });
});

t.test('a reader that stops reading is no error', async (t) => {
  for (const args of [['--help'], ['run', '--help'], ['list']]) {
    // `head` is gone before anything is written.
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', 'set -o pipefail; "$@" | true', 'bash', process.execPath, program, ...args],
      {
        encoding: 'utf8',
      },
    );
    t.equal(status, 0, args.join(' '));
    t.equal(stderr, '', args.join(' '));
  }
});

t.test(
  'help is quick: no command loads another one',
  { skip: process.platform === 'linux' ? false : 'reads /proc' },
  (t) => {
    // The test runner puts its hooks into the environment again where `env` leaves them out, but not behind env(1).
    const plain = ['-u', 'NODE_OPTIONS', program];
    /** Seconds of CPU of children that have ended, see proc(5). */
    const childSeconds = () => {
      const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]!.split(' ');
      return (Number(fields[13]) + Number(fields[14])) / 100;
    };
    for (const args of [['--help'], ['run', '--help'], ['gate', '--help']]) {
      const took = Array.from({ length: 7 }, () => {
        const before = childSeconds();
        spawnSync('env', [...plain, ...args]);
        return childSeconds() - before;
      }).sort((a, b) => a - b);
      // The least: what else runs on the machine only adds.
      t.ok(took[3]! > 0 && took[0]! < 0.3, `${args.join(' ')}: ${took[0]!.toFixed(2)} CPU s of 0.3`);
    }
    t.end();
  },
);

t.test('list', async (t) => {
  const { code, out } = await run(['list']);
  t.equal(code, 0);
  t.match(out, /^ {2}incident .*\n.*rss\.p99 ≤ 200 MB/m);
  t.match(out, /^ {2}reassembly-unbounded +no page limit/m);
});

t.test('options that make no sense: exit 2 and what to write instead', async (t) => {
  const cases = [
    [[], /Usage: floodgate/],
    [['run'], /there is nothing to run\n.*floodgate list/],
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['run', 'no-such-scenario'], /no scenario "no-such-scenario"\nScenarios: .*incident/],
    [['run', '../incident'], /cannot read/],
    [['run', 'incident', '--lane', 'fast'], /Allowed choices are tap, exact/],
    [['run', 'incident', '--defect', 'none-such'], /no defect "none-such"\nDefects: .*reassembly-unbounded/],
    [['run', 'incident', '--speed', 'fast'], /--speed: "fast" is not a number above 0/],
    [['run', 'incident', '--speed', '2', '--topspeed'], /cannot be used with option/],
    [['run', 'incident', '--size', 'much'], /--size: "much" is not an amount/],
    [['run', 'incident', '--seed', '-1'], /--seed: "-1" is not a whole number from 0 to 4294967295/],
    [
      ['run', 'incident', '--budget', 'rss.p98=1MB'],
      /names no metric\nDid you mean rss\.p95\? Write NAME=VALUE with one of rss\.idle/,
    ],
    [['run', '--target', '--load', 'true'], /--target has no value: --load follows it/],
    [['edit', 'a.pcap', 'b.pcap', '--filter', ' '], /--filter is empty\n.*leave it out/],
    [['edit', '', 'b.pcap'], /files is empty/],
    [['edit', 'a.pcap', 'b.pcap', '--impair', 'loss=1%', '--impair-out', '-'], /--impair-out takes a file/],
    [['report', '/no/such/run'], /there is no .*\nGive the folder of a run/],
    [['diff', '/no/such/a', '/no/such/b'], /cannot read \/no\/such\/a as a profile/],
  ] as const;
  for (let at = 0; at < cases.length; at += 4) {
    await Promise.all(
      cases.slice(at, at + 4).map(async ([args, message]) => {
        const { code, err } = await run(args);
        t.equal(code, 2, args.join(' '));
        t.match(err, message);
        t.notMatch(err, /at .*\.ts:\d+/, 'no stack');
      }),
    );
  }
});
