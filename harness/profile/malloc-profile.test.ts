/** Heap profiles of jemalloc and gperftools, as they write them. */
import t from 'tap';
import {
  type MallocInterval,
  type MallocProfile,
  mallocInterval,
  parseMallocProfile,
  readMallocInterval,
} from './malloc-profile.ts';
import { ProfileError } from './profile.ts';

const mappings = `
MAPPED_LIBRARIES:
55e0-56ff r-xp 00001000 fe:00 123                    /usr/bin/program
7000-8000 rw-p 00000000 00:00 0
7f00-7fff r-xp 00002000 fe:00 5595137                /usr/lib/libx.so.1
`;
const jemalloc = `heap_v2/65536
  t*: 735: 911645 [735: 911645]
  t0: 735: 911645 [735: 911645]
@ 0x7f01 0x5601 0x5602
  t*: 607: 621574 [1000: 1024000]
  t0: 607: 621574 [1000: 1024000]
@ 0x5603
  t*: 1: 8388608 [1: 8388608]
  t0: 1: 8388608 [1: 8388608]
${mappings}`;
const gperftools = `heap profile:     42:    43210 [    84:    86420] @ heapprofile
    40:    40000 [    80:    80000] @ 0x7f01 0x5601 0x5602
     2:     3210 [     4:     6420] @ 0x5603
${mappings}`;

const named = (address: number) => [{ functionName: `at ${address.toString(16)}`, file: 'a.c', line: 1 }];

const whole = (profile: MallocProfile, which: MallocInterval['which']) =>
  readMallocInterval(mallocInterval(profile, undefined, { which, root: '/' }), named);

t.test('jemalloc: samples stand for what was not sampled; alive, and ever allocated', (t) => {
  const parsed = parseMallocProfile(jemalloc);
  t.same(
    parsed.mappings.map(({ file, start, offset }) => [file, start, offset]),
    [
      ['/usr/bin/program', 0x55e0, 0x1000],
      ['/usr/lib/libx.so.1', 0x7f00, 0x2000],
    ],
  );
  const live = whole(parsed, 'inuse');
  t.same(
    live.sampleTypes.map(({ type }) => type),
    ['inuse_space', 'inuse_objects'],
  );
  // 607 samples of 1,024 bytes at one in 65,536: 40 MB; a block of 8 MiB is itself.
  const sum = live.self[0]!.reduce((all, each) => all + each, 0);
  t.ok(Math.abs(sum - (607 * 65_536 + 8_388_608)) < 1e6, String(sum));
  t.ok(live.sites.functionName.includes('at 7f00'), 'a call lies before the address that it comes back to');
  const allocated = whole(parsed, 'alloc');
  t.ok(Math.abs(allocated.self[0]!.reduce((all, each) => all + each, 0) - (1_000 * 65_536 + 8_388_608)) < 1e6);
  t.end();
});

t.test('gperftools: every allocation is counted', (t) => {
  const live = whole(parseMallocProfile(gperftools), 'inuse');
  t.equal(
    live.self[0]!.reduce((all, each) => all + each, 0),
    43_210,
  );
  t.equal(
    live.self[1]!.reduce((all, each) => all + each, 0),
    42,
  );
  t.equal(live.period, 0, 'no sampling, no error');
  t.end();
});

t.test('an interval is what a stack has more than before; what was freed meanwhile is none', (t) => {
  const before = parseMallocProfile(gperftools);
  const now = parseMallocProfile(
    gperftools.replace('40:    40000 [    80:    80000]', '30:    30000 [    90:    90000]'),
  );
  const since = (which: MallocInterval['which']) => mallocInterval(now, before, { which, root: '/' }).stacks;
  t.same(since('alloc'), [{ addresses: [0x7f01, 0x5601, 0x5602], count: 10, bytes: 10_000 }]);
  t.same(since('inuse'), []);
  t.end();
});

t.test('anything else is refused; one that is cut has no mappings', (t) => {
  t.throws(() => parseMallocProfile('hello'), ProfileError);
  t.throws(() => parseMallocProfile(''), ProfileError);
  t.same(parseMallocProfile(jemalloc.slice(0, 200)).mappings, []);
  t.end();
});
