import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { buildCommands } from './build-version.ts';
import { environmentOf, noPin, pinOf, refuseOtherRuntime, runtimeDoubt, runtimeFor } from './pinned-runtime.ts';

/** A working folder and a checkout of another version, with these files. */
function versions(t: Test, working: Record<string, string>, checkout: Record<string, string>) {
  const top = t.testdir();
  const make = (name: string, files: Record<string, string>) => {
    for (const [file, text] of Object.entries(files)) {
      const place = path.join(top, name, file);
      mkdirSync(path.dirname(place), { recursive: true });
      writeFileSync(place, text);
    }
    return path.join(top, name);
  };
  return { working: make('working', working), checkout: make('checkout', checkout) };
}

const packages = { 'node_modules/a/index.js': 'a' };

t.test('packages are copied where the lock file is the same, and installed where it is not', async (t) => {
  const lock = { 'package.json': '{"scripts":{"build":"tsc"}}', 'package-lock.json': '{"one":1}' };
  const same = versions(t, { ...lock, ...packages }, lock);
  t.same(buildCommands(same.checkout, same.working), ['npm run build']);
  t.equal(readFileSync(path.join(same.checkout, 'node_modules/a/index.js'), 'utf8'), 'a');
  const other = versions(t, { ...lock, ...packages }, { ...lock, 'package-lock.json': '{"two":2}' });
  t.same(buildCommands(other.checkout, other.working), ['npm ci --no-audit --no-fund', 'npm run build']);
});

t.test('a member of a workspace has its lock file above it', async (t) => {
  const files = { 'pnpm-lock.yaml': 'one', 'packages/shop/package.json': '{}' };
  const own = { 'packages/shop/node_modules/b/index.js': 'b' };
  const shop = (top: string) => path.join(top, 'packages/shop');
  const same = versions(t, { ...files, ...packages, ...own }, files);
  t.same(buildCommands(shop(same.checkout), shop(same.working), same.checkout), []);
  t.ok(lstatSync(path.join(same.checkout, 'node_modules/a/index.js')));
  t.ok(lstatSync(path.join(shop(same.checkout), 'node_modules/b/index.js')));
  const other = versions(t, { ...files, ...packages }, { ...files, 'pnpm-lock.yaml': 'two' });
  t.same(buildCommands(shop(other.checkout), shop(other.working), other.checkout), [
    'cd ../.. && pnpm install --frozen-lockfile',
  ]);
});

t.test('without a lock file dependencies decide', async (t) => {
  const asks = (version: string) => ({ 'package.json': `{"dependencies":{"a":"${version}"}}` });
  const same = versions(t, { ...asks('1'), ...packages }, asks('1'));
  t.same(buildCommands(same.checkout, same.working), []);
  t.ok(lstatSync(path.join(same.checkout, 'node_modules/a/index.js')));
  const other = versions(t, { ...asks('2'), ...packages }, asks('1'));
  t.same(buildCommands(other.checkout, other.working), ['npm install --no-package-lock --no-audit --no-fund']);
  const none = versions(t, { 'go.mod': 'module shop' }, { 'go.mod': 'module shop' });
  t.same(buildCommands(none.checkout, none.working), []);
});

t.test('packages behind a link are copied; what a copied folder has brought along stays', async (t) => {
  const linked = versions(t, { 'package.json': '{}' }, { 'package.json': '{}' });
  mkdirSync(path.join(linked.working, '../elsewhere/a'), { recursive: true });
  symlinkSync('../elsewhere', path.join(linked.working, 'node_modules'));
  t.same(buildCommands(linked.checkout, linked.working), []);
  t.ok(lstatSync(path.join(linked.checkout, 'node_modules/a')).isDirectory());
  const brought = versions(t, { 'package.json': '{}', ...packages }, { 'package.json': '{"dependencies":{"b":"1"}}' });
  symlinkSync(path.join(brought.working, 'node_modules'), path.join(brought.checkout, 'node_modules'));
  t.same(buildCommands(brought.checkout, brought.working), []);
});

t.test('the Node.js that a version asks for, and where it is installed', async (t) => {
  const folder = t.testdir({ top: { shop: {} }, nvm: {}, path: {}, home: {} });
  const [top, shop] = [path.join(folder, 'top'), path.join(folder, 'top/shop')];
  const pinned = (name: string, text: string) => {
    writeFileSync(path.join(shop, name), text);
    const { version, file } = pinOf(shop, top) ?? {};
    rmSync(path.join(shop, name));
    return version && `${version} by ${file}`;
  };
  t.equal(pinned('.nvmrc', '# ours\nv22.11.0\n'), '22.11.0 by .nvmrc');
  t.equal(pinned('.node-version', '20'), '20 by .node-version');
  t.equal(pinned('.tool-versions', 'ruby 3.3.0\nnodejs 22.3.1\n'), '22.3.1 by .tool-versions');
  t.equal(pinned('package.json', '{"volta":{"node":"18.20.1"}}'), '18.20.1 by package.json');
  const devEngines = '{"devEngines":{"runtime":{"name":"node","version":"24.1.0"}}}';
  t.equal(pinned('package.json', devEngines), '24.1.0 by package.json');
  for (const text of ['lts/*', 'node', '>=20', '']) t.equal(pinned('.nvmrc', text), undefined, `${text} pins nothing`);
  for (const text of ['{', 'null', '[]', '{"devEngines":{"runtime":[null,3]}}', '{"engines":{"node":"20"}}'])
    t.equal(pinned('package.json', text), undefined, text);
  writeFileSync(path.join(top, '.nvmrc'), '20.5.1');
  t.match(pinOf(shop, top), { version: '20.5.1' }, 'from above');

  const installed = (place: string, version: string) => {
    mkdirSync(path.join(folder, place), { recursive: true });
    writeFileSync(path.join(folder, place, 'node'), `#!/bin/sh\necho v${version}\n`, { mode: 0o755 });
  };
  installed('path', '21.0.0');
  for (const version of ['22.9.0', '22.11.0', '20.5.1']) installed(`nvm/versions/node/v${version}/bin`, version);
  const env = { PATH: `${path.join(folder, 'path')}:/usr/bin:/bin`, NVM_DIR: path.join(folder, 'nvm') };
  const runtimeOf = (version: string) => runtimeFor({ version, file: '.nvmrc' }, env);
  const [old, recent, missing] = [runtimeOf('20.5'), runtimeOf('22'), runtimeOf('17')];
  t.match([old.folder, recent.folder], [/v20\.5\.1\/bin$/, /v22\.11\.0\/bin$/], 'the newest that fits');
  t.match(runtimeOf('21'), { folder: undefined, isMissing: false }, 'the path has it');
  t.match(missing, { folder: undefined, isMissing: true });
  t.match(environmentOf(recent)!.PATH, /v22\.11\.0\/bin:/);
  t.equal(environmentOf(missing), undefined);

  t.equal(runtimeDoubt({ base: old, head: old }), undefined);
  t.match(
    runtimeDoubt({ base: missing, head: missing }),
    /^Node\.js 17 \(\.nvmrc\) is not installed: both versions run/,
  );
  t.match(runtimeDoubt({ base: noPin, head: recent }), /^base asks for the Node\.js on the path, head for Node\.js 22/);
  refuseOtherRuntime({ base: old, head: recent }, 'node server.js');
  refuseOtherRuntime({ base: missing, head: missing }, 'node server.js');
  refuseOtherRuntime({ base: missing, head: recent }, './shop --port {port}');
  const other = { code: 'runtime-missing', message: 'base asks for Node.js 17 (.nvmrc), which is not installed' };
  t.throws(() => refuseOtherRuntime({ base: missing, head: recent }, 'npm start'), other);
  t.throws(() => refuseOtherRuntime({ base: noPin, head: missing }, 'node a.js'), { message: /^head asks for/ });
});
