/** That a run of any length keeps so many profiles and no more, and says which. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { ProfileBuilder, ProfileError } from './profile.ts';
import { ProfileRing, readRing, ringIntervals } from './ring.ts';

function profile(bytes: number) {
  const builder = new ProfileBuilder({ sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] });
  builder.add(builder.child(0, builder.site('keep', 'a.js', 1)), 0, bytes);
  return builder.finish();
}

t.test('the latest are kept, and found by their number', (t) => {
  const folder = t.testdir();
  const ring = new ProfileRing(folder, 'live');
  for (let interval = 0; interval < 500; interval += 1) {
    ring.add({ interval, startMs: interval, endMs: interval + 1, firstFrame: 0, lastFrame: 0 }, profile(interval + 1));
  }
  t.equal(ring.taken, 500);
  t.same([ring.first, ring.last], [20, 499]);
  t.equal(readdirSync(path.join(folder, 'profiles', 'every')).length, 481, '480 profiles and their list');
  t.notOk(existsSync(path.join(folder, 'profiles', 'every', 'live-0019.pb.gz')));
  t.equal(
    readRing(folder, 'live', 499).self[0]!.reduce((sum, each) => sum + each, 0),
    500,
  );
  t.equal(ringIntervals(folder, 'live')[0], 20);
  t.throws(
    () => readRing(folder, 'live', 19),
    new ProfileError(`${folder} has no profile (live) of interval 19: it has 20 to 499`),
  );
  t.throws(() => readRing(folder, 'allocations', 1), /--profile-every/);
  t.end();
});
