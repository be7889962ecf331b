/** The command of a bundle is read with the options that the program has, as the program reads them. */
import { Command } from 'commander';
import t from 'tap';
import { Redactor } from '../redaction/redactor.ts';
import { shownCommand } from '../requests/shown-command.ts';
import { otherOption } from '../signoff/shown-options.ts';
import { signoffOptions, typedCommand } from '../signoff/typed-options.ts';
import { addRunCommand } from './run-command.ts';
import type { RunFlags } from './run-flags.ts';
import { optionWords } from './shown-words.ts';
import { addSignoffCommand } from './signoff-command.ts';

t.test('the options of a sign-off are those that verify knows', (t) => {
  const command = new Command();
  addSignoffCommand(command);
  const named = (takesValue: boolean) =>
    command.options.filter(({ required }) => required === takesValue).map(({ long }) => long!);
  t.same(named(true).toSorted(), signoffOptions.valued.toSorted());
  t.same(named(false).toSorted(), signoffOptions.flags.toSorted());
  t.end();
});

t.test('values come back as they were typed', (t) => {
  const words = ['v1', "it's a b", String.raw`a\b`, '', '--release', "'", 'a=b', 'two\nlines'];
  for (const word of words) {
    for (const typed of [['--out', word], [`--out=${word}`]]) {
      const { valuesOf, fault } = typedCommand(shownCommand(['signoff', '--release', 'v1', ...typed, '--archive']));
      t.same([valuesOf('--out'), valuesOf('--release'), fault], [[word], ['v1'], undefined], typed.join(' '));
    }
  }
  for (const option of ['--key', '--passphrase-file', '--out', '--config'])
    t.equal(typedCommand(`floodgate signoff ${option} 'a/*REDACTED*'`).fault, undefined, option);
  t.end();
});

t.test('options that a report shows are those of its command, as the program reads them', (t) => {
  const shownBy = (words: readonly string[]) => {
    const command = new Command();
    addRunCommand(command);
    command.action(() => {}).parse([...words], { from: 'user' });
    return optionWords({ ...command.opts<RunFlags>(), lane: 'load' });
  };
  const otherIn = (words: readonly string[], options: Record<string, string>) => {
    const scenario = { name: 'x', description: '', seed: null, defect: null, options };
    return otherOption({ command: shownCommand(['run', ...words]), lane: 'load', scenario });
  };
  const typed = [
    ['--target', 'node server.js', '--load', "sh -c 'a b' \\\\ c", '--budget', 'rss.max=1GB', '--budget=rss.p99=9MB'],
    [
      'day.har',
      '--target',
      './svc',
      '--requests',
      '--one-at-a-time',
      '--rewrite-header',
      'Authorization: Bearer x',
      '--loop',
      '3',
    ],
    [
      'day.har',
      '--target=./svc',
      '--requests',
      '--rewrite-header=Cookie: a',
      '--rewrite-header',
      'B: {env:C}',
      '--no-repeatable',
    ],
    ['steady', '--no-explain', '--interval-ms', '500', '--sample-ms=20', '--load', 'true', '--keep-snapshots', '--cpu'],
    [
      'steady',
      '--load',
      '--odd',
      '--out',
      'https://user:pass@host/x',
      '--push',
      'https://u:p@host/?token=1',
      '--defect',
      'a,b',
    ],
  ];
  for (const words of typed) {
    const options = shownBy(words);
    t.equal(otherIn(words, options), undefined, words.join(' '));
    t.equal(otherIn(words, { ...options, approvedBy: 'anna' }), 'approvedBy');
    for (const name of Object.keys(options)) {
      const { [name]: _, ...less } = options;
      t.type(otherIn(words, { ...options, [name]: `${options[name]}x` }), 'string', `${name} is another`);
      t.type(otherIn(words, less), 'string', `${name} is left out`);
    }
  }
  // A secret that was taken out of both stands for itself alone.
  const bearer = "node load.mjs {port} 60 --header 'Authorization: Bearer tok_AbCdEf0123456789'";
  const masked = [
    ['--target', 'node server.js', '--load', bearer, '--budget', 'rss.max=1GB', '--budget', 'rss.p99=9MB'],
    ['--target', 'DB_PASSWORD=correct-horse-7 node server.js', '--load', 'node load.mjs {port}', '--duration', '9s'],
    [
      '--target',
      'node server.js -H "X-Api-Key: abcdef0123456789"',
      '--load',
      "a 'Cookie: sid=1f2e3d4c5b6a'",
      '--pps',
      '9',
    ],
    [
      'a.har',
      '--target',
      './svc',
      '--requests',
      '--rewrite-header',
      'Authorization: Bearer xy',
      '--drop-header',
      'Via',
    ],
  ];
  for (const words of masked) {
    const scenario = { name: 'x', description: '', seed: null, defect: null, options: shownBy(words) };
    const report = new Redactor({}).value({
      command: shownCommand(['run', ...words]),
      lane: 'load' as const,
      scenario,
    });
    const { options } = report.scenario;
    t.match(report.command, /\*REDACTED\*/);
    t.equal(otherOption(report), undefined, report.command);
    for (const name of Object.keys(options)) {
      for (const text of [`x ${options[name]}`, 'another', '*REDACTED*']) {
        const bent = { ...report, scenario: { ...scenario, options: { ...options, [name]: text } } };
        t.equal(otherOption(bent), name, `${name} is ${text} of ${report.command}`);
      }
    }
  }
  const recording = (text: string) => otherIn(['./a/day.pcap'], { ...shownBy(['./a/day.pcap']), recording: text });
  t.same([recording('/srv/a/day.pcap'), recording('./a/day.pcap')], [undefined, undefined]);
  t.same([recording('/srv/b/day.pcap'), recording('night.pcap')], ['recording', 'recording']);
  t.end();
});
