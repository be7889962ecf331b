import t from 'tap';
import { preloadArguments } from '../watch/preload-channel.ts';
import { withoutPreload } from './family.ts';

t.test('a child is known by what it runs, and not by the arguments that it has from us', async (t) => {
  t.same(withoutPreload(['node', ...preloadArguments, 'child.js', '--import', 'a.js']), [
    ...['node', 'child.js', '--import', 'a.js'],
  ]);
  const copied = 'file:///runs/1/pass-measure/floodgate-preload/preload.mjs';
  t.same(withoutPreload(['node', '--import', copied, 'child.js']), ['node', 'child.js']);
  t.same(withoutPreload(['python3', 'app.py']), ['python3', 'app.py']);
});
