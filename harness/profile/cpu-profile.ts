/** V8 CPU profiles (`.cpuprofile`, as `--cpu-prof`, DevTools and 0x write them), in. */
import { type Roots, readCallFrame } from './heap-profile.ts';
import { expectArray, expectNumber, expectObject, parseJson } from './json-shape.ts';
import { type Profile, ProfileBuilder, ProfileError } from './profile.ts';

/** What V8 spends between your functions; idle time. */
const IDLE = '(idle)';

/** Text of a CPU profile as samples and nanoseconds; idle time is left out. @throws ProfileError */
export function readCpuProfile(json: string, options: { readonly root?: Roots } = {}): Profile {
  const data = expectObject(parseJson(json, 'CPU profile'), 'the CPU profile');
  const startTimeUs = expectNumber(data.startTime, 'startTime');
  const durationUs = Math.max(0, expectNumber(data.endTime, 'endTime') - startTimeUs);
  const samples = expectArray(data.samples ?? [], 'samples');
  const deltas = expectArray(data.timeDeltas ?? [], 'timeDeltas');
  if (samples.length !== deltas.length) throw new ProfileError('there are not as many samples as times');
  const builder = new ProfileBuilder({
    sampleTypes: [
      { type: 'samples', unit: 'count' },
      { type: 'cpu', unit: 'nanoseconds' },
    ],
    period: samples.length > 0 ? Math.round((durationUs * 1000) / samples.length) : 0,
    periodType: { type: 'cpu', unit: 'nanoseconds' },
    durationMs: durationUs / 1000,
  });
  const paths = readNodes(expectArray(data.nodes, 'nodes'), builder, options.root);
  for (let i = 0; i < samples.length; i += 1) {
    const path = paths.get(expectNumber(samples[i], 'a sample'));
    if (path === undefined) throw new ProfileError(`sample ${i} names a node that does not exist`);
    if (path < 0) continue;
    builder.add(path, 0, 1);
    // A sample stands for the time until the next one; the last one for as long as the one before.
    builder.add(path, 1, Math.max(0, expectNumber(deltas[i + 1] ?? deltas[i], 'a time')) * 1000);
  }
  return builder.finish();
}

/** Node id → path; −1 for idle ones. Nodes name their children; a node without a parent is a root. */
function readNodes(list: readonly unknown[], builder: ProfileBuilder, root?: Roots): Map<number, number> {
  const nodes = new Map<number, { node: Record<string, unknown>; children: number[] }>();
  const isChild = new Set<number>();
  for (const each of list) {
    const node = expectObject(each, 'a node');
    const children = expectArray(node.children ?? [], 'children').map((child) => expectNumber(child, 'a child'));
    for (const child of children) isChild.add(child);
    nodes.set(expectNumber(node.id, 'id'), { node, children });
  }
  const paths = new Map<number, number>();
  const pending: { id: number; parent: number }[] = [];
  for (const [id, { children }] of nodes) {
    if (isChild.has(id)) continue;
    paths.set(id, 0);
    for (const child of children) pending.push({ id: child, parent: 0 });
  }
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    const known = nodes.get(entry.id);
    // Each node once, whatever a hostile file's links say.
    if (!known || paths.has(entry.id)) continue;
    const frame = expectObject(known.node.callFrame, 'callFrame');
    const path =
      frame.functionName === IDLE ? -1 : builder.child(entry.parent, readCallFrame(known.node, builder, root));
    paths.set(entry.id, path);
    if (path >= 0) for (const child of known.children) pending.push({ id: child, parent: path });
  }
  return paths;
}
