import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import { packageOf } from './package-version.ts';
import { VersionStore } from './version-store.ts';

/** A published package: its files below `package/`, as npm packs it. */
function pack(folder: string, name: string, version: string, more: object = {}): string {
  const top = path.join(folder, 'packing', 'package');
  mkdirSync(top, { recursive: true });
  writeFileSync(path.join(top, 'package.json'), JSON.stringify({ name, version, ...more }));
  writeFileSync(path.join(top, 'index.js'), `module.exports = '${version}';\n`);
  const file = path.join(folder, `${name}-${version}.tgz`);
  execFileSync('tar', ['-czf', file, '-C', path.dirname(top), 'package']);
  rmSync(path.dirname(top), { recursive: true });
  return file;
}

/** A registry on loopback with these files, and what was asked of it. */
async function registry(t: Test, files: readonly string[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url!.slice(1));
    asked.push(name);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (name.endsWith('.tgz')) return response.end(readFileSync(files.find((file) => file.endsWith(`/${name}`))!));
    const of = files.filter((file) => path.basename(file).startsWith(`${name}-`));
    if (of.length === 0) return response.writeHead(404).end('{}');
    const versions = of.map((file) => {
      const manifest = execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' });
      const integrity = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
      return { ...JSON.parse(manifest), dist: { tarball: `${url}/${path.basename(file)}`, integrity } };
    });
    const entries = Object.fromEntries(versions.map((each) => [each.version, each]));
    const body = { name, 'dist-tags': { latest: versions.at(-1)!.version }, versions: entries };
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void server.close());
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

/** A project without a repository, whose npm knows no other registry. */
async function project(t: Test, published: (folder: string) => readonly string[], own: object = { name: 'shop' }) {
  const top = t.testdir();
  const folder = path.join(top, 'project');
  mkdirSync(folder);
  const { asked, url } = await registry(t, published(top));
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(own));
  writeFileSync(
    path.join(folder, '.npmrc'),
    `registry=${url}\ncache=${path.join(top, 'cache')}\nupdate-notifier=false\n`,
  );
  const steps: string[] = [];
  // What builds a checkout is not for a package: here it would fail.
  const store = new VersionStore({ folder, build: ['exit 3'], onStep: (text) => steps.push(text) });
  const activated = async (label: string) => {
    const version = await store.prepare(label);
    store.activate(version);
    return readFileSync(path.join(store.projectFolder, 'index.js'), 'utf8');
  };
  return { top, folder, asked, steps, store, activated };
}

t.setTimeout(120_000);

t.test('versions of a registry, with what they need', async (t) => {
  const { asked, steps, store, activated, folder } = await project(t, (to) => [
    pack(to, 'shop', '1.2.0', { dependencies: { tea: '^1.0.0' }, scripts: { prepare: 'exit 4' } }),
    pack(to, 'shop', '1.3.0-rc.1'),
    pack(to, 'tea', '1.0.4'),
  ]);
  t.match(await activated('npm:1.2.0'), /'1\.2\.0'/);
  t.match(readFileSync(path.join(store.projectFolder, 'node_modules/tea/index.js'), 'utf8'), /1\.0\.4/);
  t.match(await activated('npm:shop@1.3.0-rc.1'), /'1\.3\.0-rc\.1'/);
  const before = asked.length;
  t.match(await store.prepare('1.2.0'), { package: 'shop@1.2.0', dirty: false, commit: undefined });
  t.equal(asked.length, before, 'a version that is there is not fetched again');
  t.match(await store.prepare('npm:latest'), { package: 'shop@1.3.0-rc.1' }, 'a tag is the version behind it');
  await t.rejects(store.prepare('npm:9.9.9'), {
    code: 'version-unknown',
    message: /shop@9\.9\.9 could not be fetched/,
  });
  await t.rejects(store.prepare('npm:nobody@1.0.0'), { code: 'version-unknown', hint: /404/ });
  await t.rejects(store.prepare('npm:beta'), { code: 'version-unknown', message: /no one version behind shop@beta/ });
  t.same(steps.filter((step) => step.startsWith('npm:1.2.0')).length, 3, 'fetched, installed, rebuilt: once');
  t.notOk(existsSync(path.join(folder, 'node_modules')), 'the project stays as it is');
});

t.test('the working folder’s packages, where they are the same', async (t) => {
  const needs = { dependencies: { tea: '^1.0.0' } };
  const { folder, asked, store } = await project(t, (to) => [pack(to, 'shop', '1.2.0', needs)], {
    name: 'shop',
    ...needs,
  });
  mkdirSync(path.join(folder, 'node_modules', 'tea'), { recursive: true });
  writeFileSync(path.join(folder, 'node_modules', 'tea', 'index.js'), 'installed');
  writeFileSync(path.join(folder, 'node_modules', 'tea', 'package.json'), '{"version":"1.0.4"}');
  store.activate(await store.prepare('npm:1.2.0'));
  t.equal(readFileSync(path.join(store.projectFolder, 'node_modules/tea/index.js'), 'utf8'), 'installed');
  t.notOk(asked.includes('tea'));
});

t.test('a package file', async (t) => {
  const { top, store, activated } = await project(t, () => []);
  const file = pack(top, 'shop', '2.0.0');
  t.match(await activated('../shop-2.0.0.tgz'), /'2\.0\.0'/);
  const first = await store.prepare(file);
  rmSync(file);
  renameSync(pack(top, 'shop', '2.0.1'), file);
  t.not((await store.prepare(file)).key, first.key, 'a file of the same name with other content is another version');
  writeFileSync(path.join(top, 'broken.tgz'), 'no archive');
  await t.rejects(store.prepare('../broken.tgz'), { code: 'version-unknown', message: /cannot be unpacked/ });
  execFileSync('tar', [
    '-czf',
    path.join(top, 'empty.tgz'),
    '-C',
    path.join(top, 'project'),
    '--transform=s,^,x/,',
    '.npmrc',
  ]);
  await t.rejects(store.prepare('../empty.tgz'), { code: 'version-unknown', message: /is no package/ });
  writeFileSync(path.join(top, 'notes.txt'), '');
  await t.rejects(store.prepare('../notes.txt'), {
    code: 'version-unknown',
    message: /neither a folder nor a package/,
  });
  t.same(
    readdirSync(top).filter((name) => name.startsWith('package')),
    [],
  );
});

t.test('names', (t) => {
  const folder = t.testdir({ 'package.json': '{"name":"@team/shop"}' });
  t.same(packageOf(folder, '1.2.0'), { name: '@team/shop', version: '1.2.0' });
  t.same(packageOf(folder, '@a/b@latest'), { name: '@a/b', version: 'latest' });
  for (const text of [
    '',
    '@',
    'x@',
    '../x@1',
    'git+https://example.com/x@1.0.0',
    'x@https://example.com',
    '^1.0.0',
    '--flag',
  ])
    t.throws(() => packageOf(folder, text), { code: 'version-unknown' }, text);
  const secret = t.testdir({ 'package.json': '{"name":"shop","private":true}' });
  t.throws(() => packageOf(secret, '1.2.0'), { message: /shop is private/ }, 'a stranger may have the name');
  t.same(packageOf(secret, 'shop@1.2.0'), { name: 'shop', version: '1.2.0' }, 'unless it is meant');
  t.throws(() => packageOf(t.testdir(), '1.2.0'), { message: /no package\.json with a name/ });
  t.end();
});
