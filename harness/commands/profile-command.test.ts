import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import t from 'tap';
import { readPprof, writePprof } from '../profile/pprof.ts';
import { sampleProfile, stacksOf } from '../profile/profile-samples.ts';

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
      stderr: /has no x; it has alloc_objects, alloc_space/,
    });
  });
});
