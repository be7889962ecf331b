/** Every help of both programs fits 80 columns, and what is broken into lines says the same, to people and to a shell. */
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { Command } from 'commander';
import t from 'tap';
import { fitHelp, fitLine, helpColumnsMax, helpLayout, helpOutput } from '../../agent/help-layout.ts';
import { commandTable } from './command-table.ts';

// Nothing here is about how long it takes, on however busy a machine.
t.setTimeout(600_000);

/** Helps of a command and of all below it, as they are printed. */
function helpsOf(command: Command, name: string): [name: string, help: string][] {
  let help = '';
  command.configureOutput(helpOutput((text) => void (help += text)));
  command.outputHelp();
  return [[name, help], ...command.commands.flatMap((below) => helpsOf(below, `${name} ${below.name()}`))];
}

const tooWide = (help: string) => help.split('\n').filter((line) => [...line].length > helpColumnsMax);

t.test('every command of floodgate', async (t) => {
  for (const { name, load } of commandTable) {
    const command = new Command(name).configureHelp(helpLayout);
    (await load())(command);
    for (const [each, help] of helpsOf(command, name)) {
      t.match(help, /Usage: /, each);
      t.same(tooWide(help), [], `${each} --help`);
      if (help.includes('--max-pairs <'))
        t.match(help, /--max-pairs <n>[^(]* \(5 to\s+(?:32|64)\)/, `${each}: how many`);
    }
  }
});

t.test('both programs, as they are typed', async (t) => {
  const bin = path.resolve(import.meta.dirname, '../../bin');
  const rows = [['floodgate'], ['floodgate', 'signoff'], ['floodgate', 'history', 'prune']];
  for (const [program, ...words] of [
    ...rows,
    ...[[], ['inspect'], ['collect']].map((each) => ['floodgate-agent', ...each]),
  ]) {
    const run = spawnSync(process.execPath, [path.join(bin, program!), ...words, '--help'], { encoding: 'utf8' });
    t.match(run.stdout, /Usage: /, run.stderr);
    t.same(tooWide(run.stdout), [], [program, ...words].join(' '));
  }
});

const long = `Examples:
  floodgate verify signoff-v1.4.0 --key release.pub                       short enough
  floodgate run --load 'autocannon -c 10 -d 5 http://127.0.0.1:{port}/cart' --target 'node server.mjs' --out runs/a
  floodgate verify signoff-v1.4.0 --sigstore signoff.sigstore.json --trusted-root root.jsonl \\
    --identity anna@shop.example                                           by a person

A paragraph whose author wrote lines that are far wider than any terminal of eighty columns,
and which goes on for some words here.

Exit codes:
  0  a meaning that is too long for one line, so that the rest of it stands beneath where it began`;

t.test('what is too wide is laid out anew, and says the same', async (t) => {
  for (const width of [80, 60, 40]) {
    const fitted = fitHelp(long, width);
    const wider = fitted.split('\n').filter((line) => line.length > width);
    t.ok(
      wider.every((line) => /^ +--load '[^']*' \\$/.test(line)),
      `${width} columns, but for what a shell takes as one word: ${wider.join('\n')}`,
    );
    const words = (text: string) => text.replaceAll(/ \\\n/g, ' ').split(/\s+/).join(' ');
    t.equal(words(fitted), words(long));
  }
  t.equal(fitHelp(fitHelp(long)), fitHelp(long), 'and that fits');
  const command = /floodgate run[\s\S]*?runs\/a/.exec(fitHelp(long))![0];
  t.match(command, / \\\n {6}--/);
  const typed = execFileSync('sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' });
  t.same(typed.split('\n').slice(0, -1), [
    ...['floodgate', 'run', '--load', 'autocannon -c 10 -d 5 http://127.0.0.1:{port}/cart'],
    ...['--target', 'node server.mjs', '--out', 'runs/a'],
  ]);
});

t.test('a line of a command’s own is broken between words at a terminal, and nowhere else', async (t) => {
  const says =
    'others take 100 % of the processors: floodgate compare waits before it judges time, and judges allocation';
  t.equal(fitLine(says, undefined, 15), says);
  t.equal(fitLine(says, 200, 15), says);
  const lines = fitLine(says, 80, 15).split('\n');
  t.ok(lines.length > 1 && ` ${lines[0]}`.length + 14 <= 80);
  for (const line of lines.slice(1)) t.match(line, /^ {15}\S.{0,64}$/);
  t.equal(lines.map((line) => line.trim()).join(' '), says);
});
