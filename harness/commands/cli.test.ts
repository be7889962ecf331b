/** The command line without a run: help, lists, and options that make no sense. */
import t from 'tap';
import { run } from './cli-trial.ts';

t.setTimeout(120_000);

t.test('help, with examples, for every command', async (t) => {
  const { code, out } = await run(['--help']);
  t.equal(code, 0);
  for (const command of ['gate', 'run', 'list', 'report', 'diff', 'slice']) {
    t.match(out, new RegExp(`^  ${command}`, 'm'));
    const help = await run([command, '--help']);
    t.equal(help.code, 0);
    t.match(help.out, /^Examples?:$/m);
    t.notMatch(help.out, /\[\]/, 'no default that is only an empty list');
  }
  t.match(await run(['--version']), { code: 0, out: /^\d+\.\d+\.\d+\n$/ });
});

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
