/** `floodgate verify` as it is typed: what is named as the candidate or the policy, and which texts of a bundle get to a terminal. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { counted } from '../../reports/counted.ts';
import { writeFolder } from '../signoff/bundle-files.ts';
import { release, sealedFixture } from '../signoff/bundle-fixture.ts';
import { readPrivateKey } from './key-file.ts';
import { performSignoff } from './perform-signoff.ts';
import { escapeControls } from './printed-json.ts';
import type { SignoffFlags } from './signoff-flags.ts';
import { textOf, verifyPlace } from './verify-command.ts';

const folder = t.testdir({ 'd.tgz': {}, source: { 'package.json': '{}' } });
const at = (name: string) => path.join(folder, name);
const { files } = await sealedFixture(at('work'));
mkdirSync(at('bundle'));
writeFolder(at('bundle'), files);
writeFileSync(at('release.pub'), release.publicKey.export({ type: 'spki', format: 'pem' }));
const verify = (flags: object) => verifyPlace(at('bundle'), { key: at('release.pub'), ...flags });

t.test('a candidate that is no plain file is refused, and not waited for', async (t) => {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: at('source') });
  git('init', '--quiet');
  writeFileSync(at('source/load.js'), 'x');
  git('add', '.');
  execFileSync('sh', ['-c', 'rm load.js && mkfifo load.js'], { cwd: at('source') });
  execFileSync('mkfifo', [at('f.tgz')]);
  const rows: [candidate: string, code: string, message: RegExp][] = [
    [at('f.tgz'), 'package-invalid', /it is no plain file/],
    [at('d.tgz'), 'package-invalid', /it is a folder/],
    [at('none.tgz'), 'package-invalid', /it does not exist/],
    [at('release.pub/x.tgz'), 'package-invalid', /ENOTDIR/],
    ['x'.repeat(300), 'candidate-unknown', /no package, no folder/],
  ];
  for (const [candidate, code, message] of rows) await t.rejects(verify({ candidate }), { code, message }, code);
  // A pipe is no file of a candidate: what was signed in its place is not there.
  const { verified } = await verify({ candidate: at('source') });
  t.match(verified.refusals, [{ reason: 'candidate-differs' }]);
});

t.test('where the policy takes what did not pass, the last line says both', async (t) => {
  const { verified } = await verify({});
  const last = (ok: boolean) => {
    const verdict = {
      ...verified.report!.verdict,
      ...(!ok && { ok, exitCode: 4, headline: 'v2 is not signed off: x.' }),
    };
    return textOf({ ...verified, refusals: [], report: { ...verified.report!, verdict } })
      .trimEnd()
      .split('\n')
      .at(-1)!;
  };
  t.match(last(true), /^VERIFIED ✓ v1\.4\.0 is within its limits/);
  t.equal(
    last(false),
    'VERIFIED, and taken by your policy, which allows what did not pass. What the sign-off says: ? v2 is not signed off: x.',
  );
});

t.test('nothing of a bundle steers a terminal', async (t) => {
  const { verified } = await verify({ policy: undefined });
  const hostile = '\u001b[2J\u001b]0;title\u0007\nVERIFIED\u009b1m\u202e';
  const report = {
    ...verified.report!,
    notes: [{ severity: 'info' as const, text: hostile }],
    verdict: { ...verified.report!.verdict, headline: hostile },
  };
  const found = { ...verified, refusals: [], report, checks: [hostile] };
  const isSafe = (text: string) => !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(text);
  t.ok(isSafe(textOf(found)), 'what is accepted');
  t.notMatch(textOf(found), /^VERIFIED\S/m, 'no line of its own');
  t.ok(isSafe(textOf({ ...found, refusals: [{ reason: 'failed', text: hostile }] })), 'what is refused');
  const json = escapeControls(JSON.stringify({ hostile }));
  t.ok(isSafe(json), 'JSON');
  t.same(JSON.parse(json), { hostile }, 'it means the same');
});

t.test('a policy with a tag is read without a warning of Node.js', async (t) => {
  const warnings: Error[] = [];
  const keep = (warning: Error) => void warnings.push(warning);
  process.on('warning', keep);
  writeFileSync(at('policy.yaml'), 'release: !mine v1.4.0\n');
  const { verified } = await verify({ policy: at('policy.yaml') });
  await new Promise(setImmediate);
  process.off('warning', keep);
  t.same(warnings, []);
  t.notMatch(verified.refusals, [{ reason: 'release-differs' }]);
});

t.test('a bundle that is not there is a mistake of who asks', async (t) => {
  await t.rejects(verifyPlace(at('none.tar.gz'), {}), { code: 'file-unreadable', exitCode: 2 });
});

t.test('a policy of two documents is refused in words of ours', async (t) => {
  writeFileSync(at('two.yaml'), 'clean: true\n---\nmaxAge: 1d\n');
  const refused = { code: 'policy-invalid', message: /two\.yaml has more than one document \(a line ---\)$/ };
  await t.rejects(verify({ policy: at('two.yaml') }), refused);
});

t.test('a policy that says nothing is no policy', async (t) => {
  const policy = at('nothing.yaml');
  for (const text of ['', '# release: v1.4.0\n', 'null', '[]', '{}', '7', 'text']) {
    writeFileSync(policy, text);
    const hint = /Write what it asks for/;
    await t.rejects(
      verify({ policy }),
      { code: 'policy-invalid', message: /says nothing/, hint },
      JSON.stringify(text),
    );
  }
  await t.rejects(verify({ policy: at('f.tgz') }), { code: 'policy-invalid', message: /says nothing/ }, 'a pipe');
  await t.rejects(verify({ policy: at('source') }), { code: 'policy-invalid', message: /it is a folder/ });
  await t.rejects(verify({ policy: '/dev/zero' }), { code: 'policy-invalid', message: /neither a file nor a pipe/ });
  writeFileSync(policy, `release: v1.4.0 ${'#'.repeat(1 << 20)}`);
  await t.rejects(verify({ policy }), { code: 'policy-invalid', message: /larger than 1 MiB/ });
});

t.test('a key may come through a pipe; what is no key says why', async (t) => {
  const typed = (text: string) =>
    execFileSync('bash', ['-c', `exec "$0" bin/floodgate verify ${at('bundle')} --key <(${text})`, process.execPath], {
      cwd: path.resolve(import.meta.dirname, '../..'),
      encoding: 'utf8',
      stdio: 'pipe',
    });
  const failureOf = (text: string) => {
    try {
      return typed(text);
    } catch (error) {
      return (error as { stderr: string }).stderr;
    }
  };
  t.match(typed(`cat ${at('release.pub')}; sleep 0.1`), /signed by key/);
  t.match(failureOf('true'), /it is empty, or a pipe that nobody writes to/);
  t.match(failureOf('head -c 70000 /dev/zero'), /larger than 64 KiB/);
  await t.rejects(verify({ key: at('f.tgz') }), { code: 'key-invalid', message: /a pipe that nobody writes to/ });
  await t.rejects(verify({ key: at('source') }), { code: 'key-invalid', message: /it is a folder/ });
  await t.rejects(verify({ key: at('none') }), { code: 'key-invalid', message: /there is no such file/ });
  writeFileSync(at('closed.key'), '', { mode: 0 });
  const root = process.geteuid!() === 0;
  if (root) process.seteuid!(65_534);
  try {
    t.throws(() => readPrivateKey(at('closed.key'), undefined), { code: 'key-invalid', message: /may not read it/ });
  } finally {
    if (root) process.seteuid!(0);
  }
});

t.test('a release with control characters is refused before anything runs', async (t) => {
  for (const name of ['v1\u001b[2J', 'v1\nv2', '', ' ', 'v'.repeat(201), 'v\u202e1']) {
    const flags = { release: name, maxPairs: '40', maxTime: '4h' } as SignoffFlags;
    await t.rejects(performSignoff(flags), { code: 'option-invalid', message: /--release/ }, JSON.stringify(name));
  }
});

t.test('one is no plural', async (t) => {
  t.equal(counted(1, 'run'), '1 run');
  t.equal(counted(0, 'run'), '0 runs');
  t.equal(counted(1_200, 'file differs', 'files differ'), '1,200 files differ');
});
