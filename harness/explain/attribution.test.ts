import t from 'tap';
import type { Suspect } from '../../reports/model.ts';
import { attribute, firstWrittenBytes, type SpikeGrowth, type SpikeSites } from './attribution.ts';

const MB = 1_000_000;
const site = (functionName: string, megabytes: number, where: Suspect['where'] = 'heap'): Suspect => ({
  functionName,
  file: `agent/${functionName}.ts`,
  line: 1,
  where,
  thread: '',
  selfBytes: megabytes * MB,
  totalBytes: megabytes * MB,
  steadyBytes: 0,
  share: 1,
  errorShare: 0.1,
});
const none: SpikeSites = {
  liveHeap: [],
  liveOffHeap: [],
  liveOffHeapCounts: [],
  allocatedHeap: [],
  allocatedOffHeap: [],
  startOffHeap: [],
};
const growth = (more: Partial<SpikeGrowth>): SpikeGrowth => ({
  heightBytes: 100 * MB,
  heapTotalGrowthBytes: 0,
  externalGrowthBytes: 0,
  codeGrowthBytes: 0,
  reassemblyGrowthBytes: 0,
  map: null,
  ...more,
});

t.test('what stayed is charged to its allocator, with the keep of each buffer', (t) => {
  const counts = [{ ...site('keep', 0, 'off-heap'), selfBytes: 50_000 }];
  const { suspects, parts, namedShare } = attribute(growth({ externalGrowthBytes: 90 * MB }), {
    ...none,
    liveOffHeap: [site('keep', 80, 'off-heap')],
    liveOffHeapCounts: counts,
  });
  t.equal(suspects[0]?.functionName, 'keep');
  t.equal(suspects[0]?.selfBytes, 80 * MB + 50_000 * 192);
  t.match(parts[1], { name: 'not accounted for', named: false });
  t.equal(namedShare, 0.896);
  t.end();
});

t.test('pages for garbage are shared out by what each site allocated; a keeper comes before a spender', (t) => {
  const sites = { ...none, liveHeap: [site('keep', 60)], allocatedHeap: [site('keep', 60), site('spend', 540)] };
  const few = attribute(growth({ heapTotalGrowthBytes: 100 * MB }), sites);
  t.same(
    few.suspects.map((each) => [each.functionName, Math.round(each.selfBytes / MB)]),
    [
      ['keep', 64],
      ['spend', 36],
    ],
  );
  t.equal(few.namedShare, 1);
  const much = attribute(growth({ heapTotalGrowthBytes: 300 * MB, heightBytes: 300 * MB }), sites);
  t.equal(much.suspects[0]?.functionName, 'spend');
  t.end();
});

t.test('no site answers for more than was measured', (t) => {
  const { suspects, namedShare } = attribute(growth({ heapTotalGrowthBytes: 50 * MB }), {
    ...none,
    liveHeap: [site('keep', 400)],
  });
  t.equal(suspects[0]?.selfBytes, 50 * MB);
  t.equal(namedShare, 0.5);
  t.end();
});

t.test("the agent's ledger answers for pages that no profiler sees, and for no buffer twice", (t) => {
  const pool = attribute(growth({ reassemblyGrowthBytes: 90 * MB }), none);
  t.match(pool.parts[0], { name: "the agent's ledger: reassembly pages", bytes: 90 * MB });
  t.equal(pool.namedShare, 0.9);
  const buffers = attribute(growth({ reassemblyGrowthBytes: 90 * MB, externalGrowthBytes: 90 * MB }), {
    ...none,
    liveOffHeap: [site('queue', 90, 'off-heap')],
  });
  t.notOk(buffers.parts.some((part) => part.name.includes('ledger')));
  t.end();
});

t.test('every page has a name where the pages were looked at', (t) => {
  const map = {
    heapBytes: 20 * MB,
    codeBytes: 5 * MB,
    allocatorBytes: 30 * MB,
    blockBytes: 40 * MB,
    stackBytes: 3 * MB,
    imageBytes: 1 * MB,
  };
  const rise = growth({ map, heapTotalGrowthBytes: 90 * MB, externalGrowthBytes: 25 * MB, codeGrowthBytes: 1 * MB });
  const sites = {
    ...none,
    liveHeap: [site('keep', 60)],
    allocatedOffHeap: [site('spend', 50, 'off-heap')],
    startOffHeap: [site('table', 64, 'off-heap'), site('small', 0.01, 'off-heap')],
  };
  const { parts, namedShare, suspects } = attribute(rise, sites);
  t.equal(firstWrittenBytes(rise, sites) / MB, 15);
  t.same(
    parts.map(({ name, bytes }) => `${Math.round(bytes / MB)} ${name}`),
    [
      "30 the C allocator's arenas: native state of the runtime, rounding, fragmentation",
      '25 off-heap: agent/spend.ts:1 spend',
      '20 heap: agent/keep.ts:1 keep',
      '15 taken at start, first written now: agent/table.ts:1 table',
      '5 compiled code',
      '3 stacks of threads',
      '1 written pages of programs and libraries',
      '1 not accounted for',
    ],
  );
  t.equal(namedShare, 0.99);
  t.equal(suspects[0]?.functionName, 'spend');
  const table = suspects.find(({ functionName }) => functionName === 'table');
  t.equal(Math.round((table?.selfBytes ?? 0) / MB), 15, 'who took what is written now is a suspect of so much');
  t.end();
});

t.test(
  'pages that a slower replay had let go by its end belong to who made them; a pool of mapped memory to the ledger',
  (t) => {
    const sites = { ...none, allocatedOffHeap: [site('queue', 300, 'off-heap')] };
    const buffers = attribute(growth({ reassemblyGrowthBytes: 90 * MB, externalGrowthBytes: 90 * MB }), sites);
    t.match(buffers.suspects[0], { functionName: 'queue', selfBytes: 90 * MB });
    const mapped = attribute(growth({ reassemblyGrowthBytes: 90 * MB, externalGrowthBytes: 0 }), sites);
    t.same(mapped.suspects, []);
    t.match(mapped.parts[0], { name: "the agent's ledger: reassembly pages", bytes: 90 * MB });
    t.end();
  },
);

t.test('what the instruments claim together is never more than the line rose', (t) => {
  // Each looked at another replay: 93 MB of pages by the ledger and 100 MB of live objects for one rise of 100 MB.
  const { suspects, parts, namedShare } = attribute(
    growth({ heapTotalGrowthBytes: 100 * MB, reassemblyGrowthBytes: 93 * MB }),
    {
      ...none,
      liveHeap: [site('keep', 60), site('spend', 40)],
    },
  );
  const sum = (values: readonly number[]) => values.reduce((all, each) => all + each, 0);
  t.ok(sum(suspects.map(({ share }) => share)) <= 1 + 1e-9, `${sum(suspects.map(({ share }) => share))}`);
  t.ok(Math.abs(sum(parts.map(({ bytes }) => bytes)) - 100 * MB) < 1);
  t.ok(namedShare > 0.999 && namedShare <= 1);
  t.ok(suspects[0]!.selfBytes < 60 * MB, 'each has its part of it');
  t.equal(suspects[0]!.errorShare, 0.1, 'no less certain than before');
  t.end();
});
