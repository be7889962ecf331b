import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { buildCommands } from './build-version.ts';
import {
  askedIn,
  environmentOf,
  noPin,
  refuseOtherRuntime,
  runtimeDoubt,
  runtimeFor,
  runtimeRemark,
} from './pinned-runtime.ts';

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

const ci = 'npm ci --no-audit --no-fund';
const unlocked = 'npm install --no-package-lock --no-audit --no-fund';
const installed = (version: string, place = 'node_modules/a') => ({
  [`${place}/package.json`]: JSON.stringify({ version }),
  [`${place}/index.js`]: `'${version}'`,
});
const packages = installed('1.0.0');
const lockOf = (entries: object, more: object = {}) => JSON.stringify({ ...more, packages: entries });
const a = (version: string, more: object = {}) => ({
  'node_modules/a': { version, integrity: `sha512-${version}`, ...more },
});

t.test('packages are copied where they are what the lock file says, and installed where they are not', async (t) => {
  const asks = (entries: object) => ({
    'package.json': '{"scripts":{"build":"tsc"}}',
    'package-lock.json': lockOf({ '': {}, ...entries }),
  });
  const wrote = (entries: object) => ({ 'node_modules/.package-lock.json': lockOf(entries) });
  const commands = (lock: object, working: Record<string, string>) => {
    const made = versions(t, { ...asks(lock), ...working }, asks(lock));
    return { ...made, commands: buildCommands(made.checkout, made.working) };
  };
  const same = commands(a('1.0.0'), { ...packages, ...wrote(a('1.0.0')) });
  t.same(same.commands, ['npm run build']);
  t.equal(readFileSync(path.join(same.checkout, 'node_modules/a/index.js'), 'utf8'), "'1.0.0'");
  // The lock file of the working folder is the same in each: it says nothing of what is installed.
  const dev = { 'node_modules/b': { version: '3.0.0', dev: true } };
  const elsewhere = { 'node_modules/c': { version: '1.0.0', optional: true, os: ['none'] } };
  const rows: [string, object, Record<string, string>, boolean][] = [
    ['an older one is installed', a('2.0.0'), { ...packages, ...wrote(a('1.0.0')) }, false],
    ['others wrote over what npm installed', a('2.0.0'), { ...packages, ...wrote(a('2.0.0')) }, false],
    ['other bytes', a('1.0.0', { integrity: 'sha512-other' }), { ...packages, ...wrote(a('1.0.0')) }, false],
    [
      'one is missing',
      { ...a('1.0.0'), 'node_modules/b': { version: '3.0.0' } },
      { ...packages, ...wrote(a('1.0.0')) },
      false,
    ],
    ['one more', {}, { ...packages, ...wrote(a('1.0.0')) }, false],
    ['without those of development', { ...a('1.0.0'), ...dev }, { ...packages, ...wrote(a('1.0.0')) }, true],
    ['of another platform', { ...a('1.0.0'), ...elsewhere }, { ...packages, ...wrote(a('1.0.0')) }, true],
    ['by npm 6, which leaves no list', a('1.0.0'), packages, true],
    ['by npm 6, an older one', a('2.0.0'), packages, false],
    ['nothing is installed', a('1.0.0'), {}, false],
  ];
  for (const [name, lock, working, isCopied] of rows)
    t.same(commands(lock, working).commands, [...(isCopied ? [] : [ci]), 'npm run build'], name);
});

t.test('a member of a workspace has its lock file above it', async (t) => {
  const files = { 'pnpm-lock.yaml': 'one: 1', 'packages/shop/package.json': '{}' };
  const own = { 'packages/shop/node_modules/b/index.js': 'b' };
  const kept = (text: string) => ({
    'node_modules/.pnpm/lock.yaml': text,
    'node_modules/.modules.yaml': 'skipped: []',
  });
  const shop = (top: string) => path.join(top, 'packages/shop');
  const same = versions(t, { ...files, ...packages, ...own, ...kept('one: 1') }, files);
  t.same(buildCommands(shop(same.checkout), shop(same.working), same.checkout), []);
  t.ok(lstatSync(path.join(same.checkout, 'node_modules/a/index.js')));
  t.ok(lstatSync(path.join(shop(same.checkout), 'node_modules/b/index.js')));
  const install = ['cd ../.. && pnpm install --frozen-lockfile'];
  for (const [name, working] of [
    ['another lock file', { ...files, 'pnpm-lock.yaml': 'two: 2', ...packages, ...kept('two: 2') }],
    ['pnpm installed by an older one', { ...files, ...packages, ...kept('two: 2') }],
    ['npm installed', { ...files, ...packages }],
  ] as const) {
    const other = versions(t, working, files);
    t.same(buildCommands(shop(other.checkout), shop(other.working), other.checkout), install, name);
  }
  const skipping = {
    'node_modules/.pnpm/lock.yaml': 'packages: {}',
    'node_modules/.modules.yaml': 'skipped: [c@1.0.0]',
  };
  const lock = { 'pnpm-lock.yaml': 'packages: {c@1.0.0: {os: [none]}}' };
  const skipped = versions(t, { ...lock, ...packages, ...skipping }, lock);
  t.same(buildCommands(skipped.checkout, skipped.working), [], 'a package of another platform');
});

t.test('Yarn: each package that is asked for, as the lock file names it', async (t) => {
  const files = { 'package.json': '{"dependencies":{"a":"^1.0.0"}}', 'yarn.lock': 'a@^1.0.0:\n  version "1.0.0"\n' };
  const berry = { ...files, 'yarn.lock': '"a@npm:^1.0.0":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n' };
  const commands = (lock: typeof files, version: string) => {
    const made = versions(t, { ...lock, ...installed(version), 'node_modules/.yarn-integrity': '' }, lock);
    return buildCommands(made.checkout, made.working);
  };
  for (const lock of [files, berry]) {
    t.same(commands(lock, '1.0.0'), []);
    t.same(commands(lock, '1.2.0'), ['yarn install --frozen-lockfile']);
  }
});

t.test('without a lock file what is installed has to be what the manifest asks for', async (t) => {
  const asks = (version: string) => ({ 'package.json': `{"dependencies":{"a":"${version}"}}` });
  const commands = (working: Record<string, string>, version: string) => {
    const made = versions(t, working, asks(version));
    return { ...made, commands: buildCommands(made.checkout, made.working) };
  };
  const same = commands({ ...asks('1.0.0'), ...packages }, '1.0.0');
  t.same(same.commands, []);
  t.ok(lstatSync(path.join(same.checkout, 'node_modules/a/index.js')));
  for (const range of ['^1', '~1.0', '1.x', '*', '>=0.5', '0.9.0 || 1.0.0'])
    t.same(commands({ ...asks('2.0.0'), ...packages }, range).commands, [], range);
  for (const range of ['2.0.0', '^0.9.0', '^1.0.1', '~1.1', 'latest', 'file:a.tgz', 'github:a/a'])
    t.same(commands({ ...asks(range), ...packages }, range).commands, [unlocked], range);
  t.same(commands(asks('1.0.0'), '1.0.0').commands, [unlocked], 'nothing is installed');
  const none = versions(t, { 'go.mod': 'module shop' }, { 'go.mod': 'module shop' });
  t.same(buildCommands(none.checkout, none.working), []);
});

t.test('a workspace without a lock file: its links lead into the checkout', async (t) => {
  const files = {
    'package.json': '{"workspaces":["packages/*"]}',
    'packages/api/package.json': '{"dependencies":{"@mono/shared":"1.0.0","@mono/also":"*","a":"1"}}',
    ...{ 'packages/shared/package.json': '{"version":"1.0.0"}', 'packages/also/package.json': '{}' },
    'test/fixture/package.json': '{"dependencies":{"never":"1"}}',
  };
  const { working, checkout } = versions(t, { ...files, ...packages }, files);
  const scope = path.join(working, 'node_modules/@mono');
  mkdirSync(scope);
  symlinkSync('../../packages/shared', path.join(scope, 'shared'));
  symlinkSync(path.join(working, 'packages/also'), path.join(scope, 'also'));
  symlinkSync('../../beside', path.join(working, 'node_modules/beside'));
  const api = (top: string) => path.join(top, 'packages/api');
  t.same(buildCommands(api(checkout), api(working), checkout), []);
  const real = (name: string) => realpathSync(path.join(checkout, 'node_modules', name));
  for (const name of ['shared', 'also'])
    t.equal(real(`@mono/${name}`), realpathSync(path.join(checkout, 'packages', name)));
  const beside = readlinkSync(path.join(checkout, 'node_modules/beside'));
  t.equal(beside, path.resolve(working, '../beside'), 'what lies outside of the project is where it was');
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
    const { version, file } = askedIn(shop, top).pin ?? {};
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
  t.equal(pinned('.nvmrc', 'lts/iron'), '20 by .nvmrc');
  t.equal(pinned('.nvmrc', 'lts/Jod'), '22 by .nvmrc');
  for (const text of ['{', 'null', '[]', '{"devEngines":{"runtime":[null,3]}}', '{"engines":{"node":"20"}}'])
    t.equal(pinned('package.json', text), undefined, text);
  writeFileSync(path.join(top, '.nvmrc'), '20.5.1');
  t.match(askedIn(shop, top).pin, { version: '20.5.1' }, 'from above');

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
  installed('behind', '17.4.1');
  const longer = { ...env, PATH: `${env.PATH}:${path.join(folder, 'behind')}` };
  const behind = runtimeFor({ version: '17', file: '.nvmrc' }, longer);
  t.equal(behind.isMissing, false, 'one that stands behind another on the path');
  t.same(readdirSync(behind.folder!), ['node'], 'and none of the programs beside it');
  t.match(readFileSync(path.join(behind.folder!, 'node'), 'utf8'), 'v17.4.1');
  t.match(environmentOf(recent)!.PATH, /v22\.11\.0\/bin:/);
  t.equal(environmentOf(missing), undefined);

  t.equal(runtimeDoubt({ base: old, head: old }), undefined);
  t.match(
    runtimeDoubt({ base: missing, head: missing }),
    /^Node\.js 17 \(\.nvmrc\) is not installed: both versions run/,
  );
  const unread = { ...noPin, unread: { version: 'lts/*', file: '.nvmrc' } };
  t.match(
    runtimeRemark({ base: unread, head: unread }),
    /^\.nvmrc says "lts\/\*", which names no version: it runs under/,
  );
  t.equal(runtimeRemark({ base: noPin, head: recent }), undefined);
  t.match(runtimeDoubt({ base: noPin, head: recent }), /^base asks for the Node\.js on the path, head for Node\.js 22/);
  refuseOtherRuntime({ base: old, head: recent }, 'node server.js');
  refuseOtherRuntime({ base: missing, head: missing }, 'node server.js');
  refuseOtherRuntime({ base: missing, head: recent }, './shop --port {port}');
  const other = { code: 'runtime-missing', message: 'base asks for Node.js 17 (.nvmrc), which is not installed' };
  t.throws(() => refuseOtherRuntime({ base: missing, head: recent }, 'npm start'), other);
  t.throws(() => refuseOtherRuntime({ base: noPin, head: missing }, 'node a.js'), { message: /^head asks for/ });
});
