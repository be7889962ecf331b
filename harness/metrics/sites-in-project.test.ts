import t from 'tap';
import { sitesInProject } from './sites-in-project.ts';

const named = (files: readonly string[], project: string, startedIn?: string) =>
  sitesInProject(
    files.map((file) => ({ file })),
    project,
    startedIn,
  )?.map(({ file }) => file);

t.test('files of a checkout are called as in the project', async (t) => {
  const own = ['.floodgate/compare/checkout/server.js', '.floodgate/compare/checkout/node_modules/a/b.js'];
  const others = ['node:internal/url', '', '/usr/lib/x.js', '.floodgate/compare/checkouts/x.js', 'wasm://wasm/1'];
  t.same(named([...own, ...others], '/srv/shop', '/srv/shop/.floodgate/compare/checkout'), [
    'server.js',
    'node_modules/a/b.js',
    ...others,
  ]);
});

t.test('a project in a folder of its repository', async (t) => {
  const top = '.floodgate/compare/checkout';
  const files = [`${top}/services/shop/server.js`, `${top}/lib/x.js`];
  // As where it runs by itself: what lies outside of the project has its whole path.
  t.same(named(files, '/srv/services/shop', `/srv/services/shop/${top}/services/shop`), ['server.js', '/srv/lib/x.js']);
});

t.test('a target that was started elsewhere keeps its names', async (t) => {
  const files = ['build/server.js', '.floodgate/compare/checkout/server.js'];
  t.same(named(files, '/srv/shop'), files);
  t.same(named(files, '/srv/shop', '/srv/shop/build'), files);
  t.equal(sitesInProject(undefined, '/srv/shop', '/srv/shop/.floodgate/compare/checkout'), undefined);
});
