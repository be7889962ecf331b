/** `floodgate signoff` and `floodgate rerun` where a place or a file is not as they need it: said at once, in words. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { writeArchive } from '../signoff/archive.ts';
import { readBundle, writeFolder } from '../signoff/bundle-files.ts';
import { release, sealedFixture } from '../signoff/bundle-fixture.ts';
import { outcomeOf, startIn, workplace } from './cli-trial.ts';

const targets = 'targets: { shop: { command: node server.mjs } }\n';

t.test('a place that a bundle, or what it is made of, cannot be written to', async (t) => {
  const { folder, temporary } = workplace(t);
  const at = (name: string) => path.join(folder, name);
  const write = (name: string, text: string) => writeFileSync(at(name), text);
  const signoff = (...words: string[]) =>
    outcomeOf(startIn(folder, ['signoff', '--release', 'v1', '--no-pdf', ...words], temporary));
  write('floodgate.config.yaml', `${targets}scenarios: [{ name: cart, load: 'true' }]\nbudgets: { rss.max: 1 GB }\n`);
  write('precious', 'kept');
  mkdirSync(at('out'));
  symlinkSync('../precious', at('out/w.tar.gz'));
  const archived = await signoff('--out', 'out/w', '--archive');
  t.equal(archived.code, 2, archived.out);
  t.match(archived.err, /w\.tar\.gz is there already/);
  t.equal(readFileSync(at('precious'), 'utf8'), 'kept');
  t.ok(lstatSync(at('out/w.tar.gz')).isSymbolicLink());
  t.notOk(existsSync(at('out/w')), 'no folder of a bundle that there is not');
  write('.floodgate', 'no folder');
  const other = await signoff('--out', 'out/elsewhere');
  t.equal(other.code, 2, other.out);
  t.match(other.err, /^floodgate: \S+\.floodgate cannot be written to: /m);
  t.notOk(existsSync(at('out/elsewhere')));

  const { files } = await sealedFixture(at('work'));
  mkdirSync(at('bundle'));
  writeFolder(at('bundle'), files);
  write('release.pub', String(release.publicKey.export({ type: 'spki', format: 'pem' })));
  const again = await outcomeOf(startIn(folder, ['rerun', 'bundle', '--key', 'release.pub'], temporary));
  t.equal(again.code, 2, again.out);
  t.match(again.err, /^floodgate: \S+\.floodgate cannot be written to: /m);
});

t.test('a recording that is no plain file', async (t) => {
  const { folder, temporary } = workplace(t);
  const text = `${targets}scenarios: [{ name: cart, requests: recording }]\nbudgets: { rss.max: 1 GB }\n`;
  writeFileSync(path.join(folder, 'floodgate.config.yaml'), text);
  const recording = path.join(folder, 'recording');
  for (const [make, words] of [
    [() => mkdirSync(recording), 'it is a folder'],
    [() => execFileSync('mkfifo', [recording]), 'it is no plain file'],
  ] as const) {
    make();
    const { code, err } = await outcomeOf(startIn(folder, ['signoff', '--release', 'v1', '--no-pdf'], temporary));
    t.equal(code, 2);
    t.match(err, new RegExp(`^floodgate: \\S+recording is no recording: ${words}`, 'm'));
    rmSync(recording, { recursive: true });
  }
});

t.test('an archive is written through no link, and over nothing', async (t) => {
  const folder = t.testdir({ bundle: {}, precious: 'kept' });
  const at = (name: string) => path.join(folder, name);
  const content = Buffer.alloc(3 << 20, 'floodgate');
  writeFolder(at('bundle'), new Map([['runs/a/load/report.json', content]]));
  symlinkSync('precious', at('link.tar.gz'));
  for (const name of ['link.tar.gz', 'precious'])
    t.throws(() => writeArchive(at('bundle'), at(name), ['runs/a/load/report.json']), { code: 'EEXIST' });
  t.equal(readFileSync(at('precious'), 'utf8'), 'kept');
  writeArchive(at('bundle'), at('new.tar.gz'), ['runs/a/load/report.json']);
  t.ok((await readBundle(at('new.tar.gz'))).get('runs/a/load/report.json')?.equals(content));
});
