import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import t from 'tap';
import { sampleRun } from '../../reports/sample-report.ts';
import { readPprof, writePprof } from '../profile/pprof.ts';
import { sampleProfile, stacksOf } from '../profile/sample-profile-fixture.ts';

const cli = path.join(path.dirname(fileURLToPath(import.meta.url)), '../cli.ts');

/** One command line, as it is typed. */
function floodgate(cwd: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd, encoding: 'utf8' });
  return { status, stdout, stderr };
}

t.test('profiles and heaps at the terminal', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'floodgate-profile-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(path.join(dir, 'p.pb.gz'), writePprof(sampleProfile()));

  await t.test('list, tree and neighbourhood', async (t) => {
    const list = floodgate(dir, 'profile', 'p.pb.gz', '--type', 'alloc_space', '--lines');
    t.match(list, { status: 0, stderr: '' });
    t.match(list.stdout, /^alloc_space: 12\.3 GB\n/);
    t.match(list.stdout, /12\.3 GB +100 % +12\.3 GB {2}agent\/http\/parser\.ts:99 parse\n/);
    t.notMatch(list.stdout, /[\u2028\u001b]/, 'names are made printable');
    t.match(
      floodgate(dir, 'profile', 'p.pb.gz', '--tree').stdout,
      / {2}\(all\)\n.* {3}agent\/main\.ts main\n.* {4}agent\/http\/parser\.ts parse\n/,
    );
    t.match(
      floodgate(dir, 'profile', 'p.pb.gz', '--peek', 'pars').stdout,
      /from agent\/main\.ts main\n(.*from.*\n)*.*parser\.ts parse \(own/,
    );
  });

  await t.test('another format and back, and only what matters', async (t) => {
    t.match(floodgate(dir, 'profile', 'p.pb.gz', '--to', 'pprof', '-o', 'q.pb.gz'), {
      status: 0,
      stdout: '',
      stderr: '',
    });
    const collapsed = floodgate(dir, 'profile', 'p.pb.gz', '--to', 'collapsed', '--focus', 'agent/b.ts');
    t.match(collapsed.stdout, /^main \(agent\/main\.ts:12\);ünïcode → λ \(agent\/b\.ts:4000000\) -4096\n$/);
    t.same(stacksOf(readPprof(readFileSync(path.join(dir, 'q.pb.gz')))), stacksOf(sampleProfile()));
  });

  await t.test('a difference of files of two formats', async (t) => {
    t.match(floodgate(dir, 'diff', 'p.pb.gz', 'q.pb.gz'), { status: 0, stderr: '' });
  });

  await t.test('a heap by class', async (t) => {
    v8.writeHeapSnapshot(path.join(dir, 'a.heapsnapshot'));
    t.match(floodgate(dir, 'heap', 'a.heapsnapshot').stdout, /objects, .* references\n(.*\n)*.*Object\n/);
  });

  await t.test('what is no profile is an operator error', async (t) => {
    writeFileSync(path.join(dir, 'text.pb.gz'), 'hello');
    t.match(floodgate(dir, 'profile', 'text.pb.gz'), {
      status: 2,
      stderr: /cannot read text\.pb\.gz as a profile.*\nGive a profile/,
    });
    t.match(floodgate(dir, 'heap', 'text.pb.gz'), { status: 2, stderr: /no opening brace/ });
    t.match(floodgate(dir, 'profile', 'p.pb.gz', '--type', 'x'), {
      status: 2,
      stderr: /^floodgate: p\.pb\.gz: the profile has no x; it has alloc_objects, alloc_space\nGive --type/,
    });
    writeFileSync(path.join(dir, 'cpu.txt'), 'main;work 5\n');
    t.match(floodgate(dir, 'diff', 'p.pb.gz', 'cpu.txt'), {
      status: 2,
      stderr: /^floodgate: p\.pb\.gz and cpu\.txt cannot be compared: the profile has no samples/,
    });
    for (const [option, ...command] of [
      ['--rows', 'profile', 'p.pb.gz'],
      ['--rows', 'heap', 'a.heapsnapshot'],
      ['--top', 'diff', 'p.pb.gz', 'q.pb.gz'],
    ] as const) {
      t.match(floodgate(dir, ...command, option, 'many'), { status: 2, stderr: /"many" is not a whole number from 1/ });
    }
    writeFileSync(path.join(dir, 'esc.speedscope.json'), '\u001b[2J{"profiles": [');
    const { status, stderr } = floodgate(dir, 'report', 'esc.speedscope.json');
    t.equal(status, 2);
    t.notMatch(stderr, /\u001b/, 'nothing out of a file drives the terminal');
    t.match(floodgate(dir, 'profile', '/dev/null'), { status: 2, stderr: /neither a file nor a pipe/ });
    t.match(floodgate(dir, 'report', '/dev/null'), { status: 2, stderr: /neither a file nor a pipe/ });
  });

  const sh = (script: string) =>
    spawnSync('bash', ['-c', script, process.execPath, cli], { cwd: dir, encoding: 'utf8' });
  const noPipes = sh('mkfifo pipe').status === 0 ? false : 'SKIPPED: no bash with mkfifo here';
  await t.test('a pipe is a file, and one without a writer an empty one', { skip: noPipes }, async (t) => {
    t.match(sh('"$0" "$1" diff p.pb.gz <(sleep 0.3; cat q.pb.gz)'), { status: 0, stderr: '' });
    t.match(sh('"$0" "$1" profile pipe'), { status: 2, stderr: /it is empty/ });
  });

  await t.test('a report that names a module of its own: nothing is executed', async (t) => {
    const report = sampleRun({ samples: 10 });
    writeFileSync(
      path.join(dir, 'scenario.ts'),
      'process.stdout.write("EXECUTED"); export const scenario = { open() {} };',
    );
    const name = path.relative(path.join(import.meta.dirname, '..', '..', 'scenarios'), dir);
    writeFileSync(
      path.join(dir, 'report.json'),
      JSON.stringify({ ...report, scenario: { ...report.scenario, name, options: {} } }),
    );
    const { status, stdout, stderr } = floodgate(dir, 'slice', '.', '--frames', '1-2', '-o', 'out.pcapng');
    t.equal(status, 2);
    t.equal(stdout, '');
    t.match(stderr, /^floodgate: there is no scenario/);
  });
});
