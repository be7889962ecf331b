/** The keeper's name and place in the sources, of code that a bundler wrote. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import t from 'tap';
import { keeperOf } from './keeper.ts';
import { Sources } from './sources.ts';

const source = `class Manager {
  constructor() {
    this.identityMap = new Map();
  }
  keep(i) {
    this.identityMap.set(i, { i });
  }
}
const manager = new Manager();
export const keep = (i) => manager.keep(i);
`;

t.test('a variable that a bundler renamed has its own name, and the line that declares it', async (t) => {
  const folder = t.testdir({
    'orders.js': source,
    'entry.js': "import { keep } from './orders.js';\nkeep(1);\nsetInterval(() => keep(2), 10);\n",
  });
  const bundle = await rolldown({ input: path.join(folder, 'entry.js') });
  const built = path.join(folder, 'dist.mjs');
  await bundle.write({ file: built, sourcemap: true, minify: true });
  const name = /const (\w+)=new/.exec(readFileSync(built, 'utf8'))?.[1];
  t.ok(name !== undefined && name !== 'manager');
  const script = pathToFileURL(built).href;
  const found = {
    name: `${name}.identityMap`,
    kind: 'Map',
    script,
    line: 1,
    column: 1,
    held: 'Object',
    countAdded: 400,
  };
  const keeper = { ...found, bytesAdded: 1e6, share: 1, path: [] };
  const retained = { keeper, requests: 400, frames: 400, where: '' } as unknown as Parameters<
    typeof keeperOf
  >[0]['retained'];
  const order = { retained, requestsPerFrame: null, leakBytesPerFrame: 1000, likelyFile: '', sources: new Sources() };
  const kept = keeperOf(order);
  t.match(kept, { name: 'manager.identityMap', line: 9 });
  t.match(kept?.file, /orders\.js$/);
});
