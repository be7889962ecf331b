/** Our HAR files beside those of the two pcap2har programs, entry by entry: what is not the same, in words that stay the same. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface NamedValue {
  readonly name: string;
  readonly value: string;
}

interface Content {
  readonly text?: string;
  readonly encoding?: string;
}

/** As much of an entry as is compared. The older of the two programs writes `null` where no response was seen. */
interface Entry {
  readonly request: { method: string; url: string; headers: NamedValue[]; postData?: Content };
  readonly response: { status: number; headers: NamedValue[]; content: Content } | null;
}

export interface Archive {
  readonly log: { readonly entries: readonly Entry[] };
}

/** A capture of the corpora and an archive made of it by another program. */
export interface ArchivePair {
  readonly capture: string;
  readonly archive: string;
}

export interface HarDifference {
  readonly archive: string;
  readonly what: string;
}

/** Pairs of capture and archive, by name; archives whose capture is not among the corpora are left out. */
export function archivePairs(shared: string): ArchivePair[] {
  const pairs: ArchivePair[] = [];
  for (const folder of ['pcap2har/tests', 'pcap2har-go/test/captures']) {
    for (const name of readdirSync(join(shared, 'corpora', folder)).sort()) {
      const capture = name.replace(/(?:\.dropped)?\.har$/, '').replace(/\.expected$/, '.pcap');
      if (capture === name || !existsSync(join(shared, 'corpora', folder, capture))) continue;
      pairs.push({ capture: `${folder}/${capture}`, archive: `${folder}/${name}` });
    }
  }
  return pairs;
}

/** The archive that the agent, started as a process, writes of a capture, nothing obfuscated. */
export function ourArchive(capture: string): Archive {
  const folder = mkdtempSync(join(tmpdir(), 'floodgate-har-'));
  try {
    const path = join(folder, 'ours.har');
    const main = fileURLToPath(new URL('../agent/main.ts', import.meta.url));
    const args = ['--disable-warning=ExperimentalWarning', main, '--read', capture, '--har', path];
    const { status, stderr } = spawnSync(process.execPath, [...args, '--obfuscate', 'off'], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the agent ended with ${status} on ${capture}: ${stderr}`);
    return JSON.parse(readFileSync(path, 'utf8')) as Archive;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface ArchiveComparison {
  entries: number;
  equal: number;
  differences: string[];
}

/**
 * Compares two archives as multisets of entries. Two conventions are mapped and nothing else: names of fields are compared
 * without case and repeated fields as one list (RFC 9110, 5.1 and 5.3), since one program writes lower-case joined fields;
 * no response is status 0. Entries are named by their number in `theirs`, so that none of their content is printed.
 */
export function compareArchives(ours: Archive, theirs: Archive): ArchiveComparison {
  const left = new Set(ours.log.entries);
  const open: [number, Entry][] = [];
  for (const [index, entry] of theirs.log.entries.entries()) {
    const same = [...left].find((candidate) => differingParts(candidate, entry).length === 0);
    if (same === undefined) open.push([index + 1, entry]);
    else left.delete(same);
  }
  const differences = open.map(([number, entry]) => {
    const [closest, parts] = closestOf(left, entry);
    if (closest !== null) left.delete(closest);
    return `entry ${number}, ${entry.request.method}: ${parts.join(', ')}`;
  });
  for (const entry of left) differences.push(`only ours: ${entry.request.method}, status ${entry.response?.status}`);
  const entries = theirs.log.entries.length;
  return { entries, equal: entries - open.length, differences };
}

function closestOf(left: ReadonlySet<Entry>, entry: Entry): [Entry | null, string[]] {
  let closest: Entry | null = null;
  let parts = ['missing'];
  for (const candidate of left) {
    if (candidate.request.url !== entry.request.url || candidate.request.method !== entry.request.method) continue;
    const differing = differingParts(candidate, entry);
    if (closest !== null && differing.length >= parts.length) continue;
    closest = candidate;
    parts = differing;
  }
  return [closest, parts];
}

/** What two entries disagree about; lengths are theirs/ours, in bytes. */
function differingParts(ours: Entry, theirs: Entry): string[] {
  const parts: string[] = [];
  if (ours.request.method !== theirs.request.method) parts.push('method');
  if (ours.request.url !== theirs.request.url) parts.push('url');
  const status = [theirs.response?.status ?? 0, ours.response?.status ?? 0];
  if (status[0] !== status[1]) parts.push(`status ${status.join('/')}`);
  if (!sameFields(ours.request.headers, theirs.request.headers)) parts.push('request fields');
  if (!sameFields(ours.response?.headers ?? [], theirs.response?.headers ?? [])) parts.push('response fields');
  const bodies = [
    ['request body', ours.request.postData, theirs.request.postData],
    ['content', ours.response?.content, theirs.response?.content],
  ] as const;
  for (const [name, our, their] of bodies) {
    const [ourBytes, theirBytes] = [bytesOf(our), bytesOf(their)];
    if (!ourBytes.equals(theirBytes)) parts.push(`${name} ${theirBytes.length}/${ourBytes.length}`);
  }
  return parts;
}

function sameFields(ours: readonly NamedValue[], theirs: readonly NamedValue[]): boolean {
  const [a, b] = [combinedFields(ours), combinedFields(theirs)];
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}

function combinedFields(fields: readonly NamedValue[]): Map<string, string> {
  const combined = new Map<string, string>();
  for (const { name, value } of fields) {
    const key = name.toLowerCase();
    const before = combined.get(key);
    combined.set(key, before === undefined ? value : `${before},${value}`);
  }
  return combined;
}

function bytesOf(content: Content | undefined): Buffer {
  return Buffer.from(content?.text ?? '', content?.encoding === 'base64' ? 'base64' : 'utf8');
}

/** Explained differences: tab-separated `archive what reason`, `#` starts a comment. */
export function readHarExplanations(path: string): (HarDifference & { readonly reason: string })[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [archive = '', what = '', reason = ''] = line.split('\t');
      return { archive, what, reason };
    });
}
