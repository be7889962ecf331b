/** The command of a bundle is read with the options that the program has, as the program reads them. */
import { Command } from 'commander';
import t from 'tap';
import { shownCommand } from '../requests/shown-command.ts';
import { signoffOptions, typedCommand } from '../signoff/typed-options.ts';
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
