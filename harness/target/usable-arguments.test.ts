import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { usableArguments } from './usable-arguments.ts';

/** A version of Node.js that does not know some flags, and writes down what it is asked. */
function oldNode(folder: string, name: string, unknown: string) {
  const [program, log] = [path.join(folder, name), path.join(folder, `${name}.log`)];
  const script = `#!/bin/sh\necho "$*" >> '${log}'\ncase " $* " in *" ${unknown} "*) exit 9;; esac\n`;
  writeFileSync(program, script, { mode: 0o755 });
  const asked = () => {
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
    rmSync(log, { force: true });
    return lines;
  };
  return { program, asked };
}

t.test('a version is asked once where it knows every flag, and flag by flag where it does not', async (t) => {
  const folder = t.testdir();
  const given = ['--predictable', '--import', '--hash-seed=1', '--prof', '--new-flag', 'script.js'];
  const newer = oldNode(folder, 'newer', '--no-such');
  t.same(usableArguments(newer.program, given), given);
  t.same(newer.asked(), ['--predictable --new-flag -e 0']);
  t.same(usableArguments(newer.program, given), given);
  t.same(newer.asked(), [], 'and not again');
  const older = oldNode(folder, 'older', '--new-flag');
  t.same(
    usableArguments(older.program, given),
    given.filter((argument) => argument !== '--new-flag'),
  );
  t.same(older.asked(), ['--predictable --new-flag -e 0', '--predictable -e 0', '--new-flag -e 0']);
  t.same(usableArguments(older.program, ['--import', '--new-flag', '--prof']), ['--import', '--new-flag', '--prof']);
  t.same(older.asked(), [], 'nothing to ask');
});
