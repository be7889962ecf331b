import t from 'tap';
import { placesOf, readSites } from './allocated-sites.ts';

const site = (file: string, functionName: string, selfBytes: number) => ({ file, functionName, selfBytes });

t.test('functions of one name in one file are one place, and no limit reads another figure', async (t) => {
  const sites = [
    site('src/cart.js', '(anonymous)', 700),
    site('src/cart.js', 'total', 200),
    { ...site('src/cart.js', '(anonymous)', 50), line: 7 },
    site('src/shop.js', '(anonymous)', 50),
  ];
  const places = placesOf(sites);
  t.same(places, [
    site('src/cart.js', '(anonymous)', 750),
    site('src/cart.js', 'total', 200),
    site('src/shop.js', '(anonymous)', 50),
  ]);
  for (const kind of ['share', 'bytes'] as const)
    for (const pattern of ['src/cart.js', 'src/*.js', 'src/cart.js#total'])
      t.same(readSites(places, kind, pattern), readSites(sites, kind, pattern));
});
