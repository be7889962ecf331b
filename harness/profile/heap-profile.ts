/** V8's sampling heap profile: what `v8.startHeapProfile` and Chrome DevTools (`.heapprofile`) write, in and out. */
import { expectArray, expectNumber, expectObject, expectText, parseJson } from './json-shape.ts';
import { type Profile, ProfileBuilder, ProfileError, sampleTypeIndex, type ValueType } from './profile.ts';

export interface HeapProfileOptions {
  /** Bytes between samples, as the profiler was started with. @default 524288 (V8's own) */
  readonly sampleIntervalBytes?: number;
  /** `alloc_space` (freed objects included) or `inuse_space` (live ones). @default 'inuse_space' */
  readonly sampleType?: 'alloc_space' | 'inuse_space';
  /** Path that file names are relative to, where they lie under it. */
  readonly root?: Roots;
  readonly timeMs?: number;
  readonly durationMs?: number;
}

interface Pending {
  readonly node: unknown;
  readonly parent: number;
}

/** Text of a sampling heap profile as a profile. @throws ProfileError for anything that is not a sound one. */
export function readHeapProfile(json: string, options: HeapProfileOptions = {}): Profile {
  const data = expectObject(parseJson(json, 'heap profile'), 'the heap profile');
  const sampleIntervalBytes = options.sampleIntervalBytes ?? 512 * 1024;
  const space: ValueType = { type: options.sampleType ?? 'inuse_space', unit: 'bytes' };
  const builder = new ProfileBuilder({
    sampleTypes: [space],
    period: sampleIntervalBytes,
    timeMs: options.timeMs ?? 0,
    durationMs: options.durationMs ?? 0,
  });
  // An explicit stack: a hostile file may nest deeper than our own call stack goes.
  const pending: Pending[] = [{ node: expectObject(data.head, 'head'), parent: -1 }];
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    const node = expectObject(entry.node, 'a node of the heap profile');
    const path = entry.parent < 0 ? 0 : builder.child(entry.parent, readCallFrame(node, builder, options.root));
    const selfBytes = expectNumber(node.selfSize, 'selfSize');
    if (selfBytes !== 0) builder.add(path, 0, selfBytes);
    const children = expectArray(node.children, 'children');
    for (let i = children.length - 1; i >= 0; i -= 1) pending.push({ node: children[i], parent: path });
  }
  return builder.finish();
}

/**
 * A function of WebAssembly whose name says where it stands, as those of the agent's kernels do (agent/kernels/README.md):
 * V8 itself knows such functions by name alone.
 */
const placedName = /^(\S+) \(([^()]+\.\w+):(\d{1,9})\)$/;

/** A V8 `callFrame` as a call site; V8 counts lines and columns from 0, −1 where unknown. */
export function readCallFrame(node: Record<string, unknown>, builder: ProfileBuilder, root?: Roots): number {
  const frame = expectObject(node.callFrame, 'callFrame');
  const name = expectText(frame.functionName, 'functionName');
  const line = expectNumber(frame.lineNumber ?? -1, 'lineNumber') + 1;
  const column = expectNumber(frame.columnNumber ?? -1, 'columnNumber') + 1;
  const url = expectText(frame.url ?? '', 'url');
  const placed = url.startsWith('wasm:') ? placedName.exec(name) : null;
  if (placed !== null) return builder.site(placed[1]!, placed[2]!, Number(placed[3]), 0);
  const file = fileOfUrl(url, root);
  return builder.site(name || '(anonymous)', file, Math.max(0, line), Math.max(0, column));
}

/** Folders that file names are relative to: the first that they lie under. */
export type Roots = string | readonly string[];

/** `file:` URLs as paths, relative to a root where they lie under one; anything else as it is. */
export function fileOfUrl(url: string, roots: Roots = []): string {
  let file = url;
  if (url.startsWith('file://')) {
    try {
      file = decodeURIComponent(new URL(url).pathname);
    } catch {
      file = url.slice('file://'.length);
    }
  }
  for (const root of typeof roots === 'string' ? [roots] : roots) {
    const folder = root.endsWith('/') ? root : `${root}/`;
    if (file.startsWith(folder)) return file.slice(folder.length);
  }
  return file;
}

interface OutNode {
  readonly callFrame: object;
  readonly selfSize: number;
  readonly id: number;
  readonly children: OutNode[];
}

/** A profile as `.heapprofile` text, which Chrome DevTools opens. @throws ProfileError when it holds no bytes. */
export function writeHeapProfile(profile: Profile, sampleType?: string): string {
  const type = sampleTypeIndex(profile, sampleType);
  if (profile.sampleTypes[type]!.unit !== 'bytes') throw new ProfileError('a .heapprofile holds bytes');
  const { functionName, file, line, column } = profile.sites;
  const nodes: OutNode[] = [];
  const samples: { size: number; nodeId: number; ordinal: number }[] = [];
  for (let i = 0; i < profile.parent.length; i += 1) {
    const site = profile.site[i]!;
    const frame =
      site < 0
        ? { functionName: '(root)', scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 }
        : {
            functionName: functionName[site]!,
            scriptId: '0',
            url: file[site]!,
            lineNumber: line[site]! - 1,
            columnNumber: column[site]! - 1,
          };
    const node: OutNode = { callFrame: frame, selfSize: profile.self[type]![i]!, id: i + 1, children: [] };
    nodes.push(node);
    if (i > 0) nodes[profile.parent[i]!]!.children.push(node);
    if (node.selfSize > 0) samples.push({ size: node.selfSize, nodeId: node.id, ordinal: samples.length + 1 });
  }
  return JSON.stringify({ head: nodes[0], samples });
}
