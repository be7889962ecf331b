import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { buildCommands } from './build-version.ts';

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
