import v8 from 'node:v8';
import t from 'tap';
import { seededRandom } from '../../../reports/sample-report.ts';
import { ProfileError } from '../profile.ts';
import { classHistogram, diffSnapshots, summarizeSnapshot } from './classes.ts';
import { findDominators } from './dominators.ts';
import { classNameOf, type HeapSnapshot } from './heap-snapshot.ts';
import { RetainingPaths } from './retaining-path.ts';
import { readHeapSnapshot, SnapshotParser } from './snapshot-parser.ts';

type Edge = [from: number, to: number, type: 'property' | 'weak' | 'shortcut' | 'element'];

/** A snapshot file of made-up nodes, each an object named by its number. */
function snapshotJson(sizes: readonly number[], edges: readonly Edge[], names: readonly string[] = []): string {
  const edgeTypes = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak'];
  const strings = sizes.map((_, node) => names[node] ?? `Class${node}`);
  const sorted = [...edges].sort((a, b) => a[0] - b[0]);
  return JSON.stringify({
    snapshot: {
      meta: {
        node_fields: ['type', 'name', 'id', 'self_size', 'edge_count', 'detachedness'],
        node_types: [['hidden', 'object'], 'string', 'number', 'number', 'number', 'number'],
        edge_fields: ['type', 'name_or_index', 'to_node'],
        edge_types: [edgeTypes, 'string_or_number', 'node'],
      },
      node_count: sizes.length,
      edge_count: edges.length,
    },
    nodes: sizes.flatMap((size, node) => [
      1,
      node,
      node * 2 + 1,
      size,
      sorted.filter((edge) => edge[0] === node).length,
      0,
    ]),
    edges: sorted.flatMap(([, to, type]) => [edgeTypes.indexOf(type), 0, to * 6]),
    trace_function_infos: [{ a: ['}', '"\\'] }, []],
    strings,
  });
}

const parse = (json: string): HeapSnapshot => {
  const parser = new SnapshotParser();
  parser.push(Buffer.from(json));
  return parser.finish();
};

t.test('columns are what the file says, however it is cut', async (t) => {
  const json = snapshotJson(
    [0, 10, 20],
    [
      [0, 1, 'property'],
      [1, 2, 'element'],
    ],
    ['', 'A"\\ü\u2028', `${'x'.repeat(400)}`],
  );
  for (const size of [1, 2, 7, 64, json.length * 2]) {
    const parser = new SnapshotParser();
    const bytes = Buffer.from(json);
    for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
    const snapshot = parser.finish();
    t.same([...snapshot.selfBytes], [0, 10, 20], `chunks of ${size}`);
    t.same([...snapshot.nodeId], [1, 3, 5]);
    t.same([...snapshot.firstEdge], [0, 1, 2, 2]);
    t.same([...snapshot.edgeTo], [1, 2]);
    t.equal(snapshot.text(1), 'A"\\ü\u2028');
    t.equal(snapshot.text(2), 'x'.repeat(256));
    t.equal(classNameOf(snapshot, 0), '(anonymous)');
    t.equal(snapshot.text(99), '');
  }
});

t.test('what is wrong with a file is said', async (t) => {
  const good = snapshotJson([0, 10], [[0, 1, 'property']]);
  const cases: [string, string, RegExp][] = [
    ['text', 'hello', /no opening brace at byte 0/],
    ['half', good.slice(0, good.length / 2), /ends too early/],
    ['no head', '{"nodes":[1]}', /nodes before the head/],
    ['a head of something else', '{"snapshot":{"meta":{}},"nodes":[]}', /no node_fields/],
    ['too many nodes', good.replace('"node_count":2', '"node_count":1'), /more nodes than the head says/],
    ['too few nodes', good.replace('"node_count":2', '"node_count":3'), /names 3 nodes/],
    [
      'a billion nodes',
      good.replace('"node_count":2', '"node_count":1000000000'),
      /more nodes or edges than a heap has/,
    ],
    ['nodes below zero', good.replace('"node_count":2', '"node_count":-2'), /no node_count/],
    ['an edge to nowhere', good.replace('"edges":[2,0,6]', '"edges":[2,0,600]'), /edge 0 leads to no node/],
    ['an edge into a node', good.replace('"edges":[2,0,6]', '"edges":[2,0,5]'), /edge 0 leads to no node/],
    ['a word in a list', good.replace('"edges":[2', '"edges":[x'), /no number at byte/],
    ['a long number', good.replace('"edges":[2', `"edges":[${'9'.repeat(40)}`), /too long/],
    ['nodes twice', good.replace('"edges":', '"nodes":[],"edges":'), /a second list of nodes/],
    ['edges twice', good.replace('"strings":', '"edges":[],"strings":'), /a second list of edges/],
    ['edges first', good.replace('"nodes":', '"edges":[],"nodes":'), /names 2 nodes but holds 0 before its edges/],
    [
      'edges of no node',
      good.replace('"edges":[2,0,6]', '"edges":[]').replace('"edge_count":1', '"edge_count":0'),
      /claim 1 edges of 0/,
    ],
    ['half a row', good.replace('"edges":[2,0,6]', '"edges":[2,0]'), /half a row of edges/],
    ['something behind it', `${good}{}`, /something behind the end/],
  ];
  for (const [name, json, message] of cases) t.throws(() => parse(json), { name: 'ProfileError', message }, name);
});

t.test(
  'rows of every version of V8 are read alike: by lines, with spaces, with long numbers, with more fields',
  (t) => {
    const plain = snapshotJson(
      Array.from({ length: 60 }, (_, i) => i * 1_000),
      Array.from({ length: 59 }, (_, i): Edge => [i, i + 1, i % 7 === 3 ? 'weak' : 'property']),
    );
    const expected = parse(plain);
    t.equal(expected.edgeCount, 51, 'weak edges are left out');
    t.equal(expected.firstEdge.at(-1), 51);
    const list = (name: string, change: (numbers: string) => string) => (json: string) =>
      json.replace(new RegExp(`"${name}":\\[([^\\]]*)\\]`), (_, numbers: string) => `"${name}":[${change(numbers)}]`);
    const everyRow = (fields: number, end: string) => (numbers: string) => {
      let at = 0;
      return numbers.replaceAll(',', () => (++at % fields === 0 ? end : ','));
    };
    const nodes = list('nodes', everyRow(6, '\n,'));
    const changed = {
      'a line a row': list('edges', everyRow(3, '\n,'))(nodes(plain)),
      spaces: list('nodes', (numbers) => numbers.replaceAll(',', ' ,\t'))(plain),
      'lines behind commas': list('edges', everyRow(3, ',\r\n'))(plain),
    };
    for (const [name, json] of Object.entries(changed)) {
      for (const size of [json.length, 100, 3]) {
        const parser = new SnapshotParser();
        for (let at = 0; at < json.length; at += size) parser.push(Buffer.from(json.slice(at, at + size)));
        const got = parser.finish();
        for (const column of ['nodeType', 'nodeName', 'nodeId', 'selfBytes', 'firstEdge', 'edgeTo'] as const)
          t.same([...got[column]], [...expected[column]], `${name}, ${size} bytes at once: ${column}`);
      }
    }
    const large = parse(
      plain.replace('7,7,15,7000,', '7,7,15,123456789012,').replace('1,7,15,7000,', '1,7,15,123456789012,'),
    );
    t.equal(large.selfBytes[7], 123_456_789_012, 'more than 32 bits hold');
    t.end();
  },
);

t.test('strings fill more than one block, and none is lost at a seam', (t) => {
  const names = Array.from({ length: 30_000 }, (_, i) => (i % 5 === 0 ? '' : `${i} ${'n'.repeat(i % 301)}`));
  const json = snapshotJson([0], []).replace('"strings":["Class0"]', `"strings":${JSON.stringify(names)}`);
  for (const size of [json.length, 65_537]) {
    const parser = new SnapshotParser();
    const bytes = Buffer.from(json);
    for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
    const snapshot = parser.finish();
    t.equal(snapshot.stringCount, names.length);
    t.equal(
      names.findIndex((name, i) => snapshot.text(i) !== name.slice(0, 256)),
      -1,
    );
  }
  t.end();
});

t.test('any byte may be wrong without more than a ProfileError', async () => {
  const bytes = Buffer.from(
    snapshotJson(
      [0, 10, 20],
      [
        [0, 1, 'property'],
        [1, 2, 'weak'],
      ],
    ),
  );
  for (let i = 0; i < bytes.length; i += 1) {
    for (const value of [0, 0x22, 0x2c, 0x5b, 0x5d, 0x7d, 0x39, 0xff]) {
      const broken = Buffer.from(bytes);
      broken[i] = value;
      const parser = new SnapshotParser();
      try {
        parser.push(broken);
        findDominators(parser.finish());
      } catch (error) {
        if (!(error instanceof ProfileError)) throw error;
      }
    }
  }
});

/** What a node alone keeps alive: all that the root no longer reaches without it. */
function naiveRetained(sizes: readonly number[], edges: readonly Edge[]): (number | null)[] {
  const reach = (without: number): Set<number> => {
    const seen = new Set<number>(without === 0 ? [] : [0]);
    for (const node of seen) {
      for (const [from, to, type] of edges) {
        const retains = type !== 'weak' && (type !== 'shortcut' || from === 0);
        if (from === node && retains && to !== without) seen.add(to);
      }
    }
    return seen;
  };
  const all = reach(-1);
  return sizes.map((_, node) => {
    if (!all.has(node)) return null;
    const left = reach(node);
    let sum = 0;
    for (const other of all) if (!left.has(other)) sum += sizes[other]!;
    return sum;
  });
}

t.test('retained sizes are what really goes when a node goes, on any graph', async (t) => {
  const random = seededRandom(11);
  const below = (n: number) => Math.floor(random() * n);
  for (let round = 0; round < 400; round += 1) {
    const count = 1 + below(14);
    const sizes = Array.from({ length: count }, () => below(100));
    const types = ['property', 'property', 'property', 'element', 'weak', 'shortcut'] as const;
    const edges = Array.from({ length: below(count * 3) }, (): Edge => [below(count), below(count), types[below(6)]!]);
    const snapshot = parse(snapshotJson(sizes, edges));
    const { retainedBytes, order } = findDominators(snapshot);
    const expected = naiveRetained(sizes, edges);
    expected.forEach((bytes, node) => {
      const number = order.indexOf(node);
      const got = number < 0 ? null : retainedBytes[number]!;
      if (got !== bytes)
        t.fail(`round ${round}, node ${node}: ${got}, not ${bytes}: ${JSON.stringify({ sizes, edges })}`);
    });
  }
  t.pass('400 graphs');
});

t.test('a chain of a million nodes needs no recursion', async (t) => {
  const count = 1_000_000;
  const snapshot: HeapSnapshot = {
    ...parse(snapshotJson([0], [])),
    nodeCount: count,
    edgeCount: count - 1,
    nodeType: new Uint8Array(count).fill(1),
    nodeName: new Uint32Array(count),
    nodeId: new Uint32Array(count),
    selfBytes: new Float64Array(count).fill(1),
    firstEdge: Uint32Array.from({ length: count + 1 }, (_, i) => Math.min(i, count - 1)),
    edgeLabel: new Uint32Array(count - 1),
    edgeTo: Uint32Array.from({ length: count - 1 }, (_, i) => i + 1),
  };
  t.equal(findDominators(snapshot).retainedBytes[0], count);
  t.equal(new RetainingPaths(snapshot).to(count - 1).length, 17);
  t.equal(classHistogram(snapshot)[0]?.retainedBytes, count);
});

class RetainedThing {
  readonly payload: number[];
  readonly label: string;
  constructor(i: number) {
    this.payload = Array.from({ length: 1_000 }, (_, j) => i + j + 0.5);
    this.label = `thing ${i}`;
  }
}

t.test('a real heap: what grew, by how much, and who keeps it', async (t) => {
  const holder = { things: [] as RetainedThing[] };
  (globalThis as { holder?: unknown }).holder = holder;
  t.teardown(() => delete (globalThis as { holder?: unknown }).holder);
  holder.things.push(new RetainedThing(0));
  const before = summarizeSnapshot(await readHeapSnapshot(v8.getHeapSnapshot()));
  for (let i = 1; i <= 500; i += 1) holder.things.push(new RetainedThing(i));
  const after = await readHeapSnapshot(v8.getHeapSnapshot());
  const rows = diffSnapshots(before, after);
  const row = rows.find((each) => each.className === 'RetainedThing');
  t.match(row, { count: 501, countAdded: 500 });
  t.ok(Math.abs(row!.retainedBytesAdded / (500 * 8_000) - 1) < 0.05, `${row?.retainedBytesAdded} bytes`);
  t.match(row?.retainingPath.join(' → '), /Object → things: Array → .*RetainedThing$/);
  const total = [...after.selfBytes].reduce((sum, bytes) => sum + bytes, 0);
  const { retainedBytes, order } = findDominators(after);
  t.ok(retainedBytes[0]! <= total && retainedBytes[0]! > 0.95 * total, 'the root retains nearly all there is');
  t.ok(order.length > 0.95 * after.nodeCount);
});
