import path from 'node:path';
import t from 'tap';
import type { Measurement } from '../report/measurement.ts';
import { type Mutable, read } from './bending-fixture.ts';
import { readBundle } from './bundle-files.ts';
import { sharesFault } from './raw-shares.ts';

const bundle = await readBundle(path.join(import.meta.dirname, '../../docs/signoff-example.tar.gz'));
const name = [...bundle.keys()].find((each) => /^runs\/cart\/.*measurement\.json$/.test(each))!;

/** The run of the example, with a look right behind its last sample that found a tenth of all pages. */
function withLastLook(change: (watch: Mutable<unknown>) => void): string | undefined {
  const run: Mutable<Measurement> = read(bundle, name);
  const { watch } = run.pass;
  watch.rollup.tMs.push(watch.rss.tMs.at(-1));
  for (const { values } of watch.rollup.columns) values.push(Math.round(values.at(-1) / 10));
  change(watch);
  return sharesFault(run);
}

t.test('a process that ends by itself gives its pages back behind the last sample', async (t) => {
  t.equal(sharesFault(read(bundle, name)), undefined, 'as it was');
  const gone = withLastLook((watch) => void (watch.peakIsWhole = false));
  t.equal(gone, undefined);
  const there = withLastLook((watch) => void (watch.peakIsWhole = true));
  t.equal(there, 'its shares are of other memory than the samples beside them');
  const earlier = withLastLook((watch) => {
    watch.peakIsWhole = false;
    watch.rollup.tMs[watch.rollup.tMs.length - 1] = watch.rss.tMs.at(-2);
  });
  t.equal(earlier, 'its shares are of other memory than the samples beside them', 'a sample came behind it');
});
