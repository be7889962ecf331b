/**
 * Captures of other link types, as Ethernet: the recorded ones, and recorded Ethernet captures in every other link header that can be converted.
 * `node conformance/link-types.bench.ts` replays each through a TAP device with `floodgate run`, and prints what its truth says.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PcapWriter } from '../agent/pcap/pcap-writer.ts';
import { readCapture, rewriteCapture } from '../harness/minimize/rewrite-capture.ts';
import { word } from '../harness/traffic/frame-words.ts';
import { Segment } from '../harness/traffic/segment.ts';
import type { RunReport } from '../reports/model.ts';
import { wholeCaptures } from './impairments.fuzz.ts';
import { findShared, readIndex } from './oracles.ts';

const host = [2, 0, 0, 0, 0, 1];
const snap = [0xaa, 0xaa, 3, 0, 0, 0];
const radio = [0, 0, 9, 0, 0, 0, 0, 0, 7];
const wireless = [0x08, 2, 0, 0, ...host, ...host, ...host, 0, 0, ...snap];
const isSix = (type: number) => type === 0x86dd;
const bytesOf = (type: number) => [type >> 8, type & 255];

/** What stands in front of an IP packet, by link type; undefined where it carries no such packet. */
type HeaderOf = (etherType: number, length: number) => readonly number[] | undefined;

export const linkHeaders: ReadonlyMap<number, HeaderOf> = new Map<number, HeaderOf>([
  [0, (type) => [isSix(type) ? 30 : 2, 0, 0, 0]],
  [9, (type) => [0xff, 3, 0, isSix(type) ? 0x57 : 0x21]],
  [12, () => []],
  [14, () => []],
  [50, (type) => [isSix(type) ? 0x57 : 0x21]],
  [101, () => []],
  [105, (type) => [...wireless, ...bytesOf(type)]],
  [108, (type) => [0, 0, 0, isSix(type) ? 24 : 2]],
  [113, (type) => [0, 0, 0, 1, 0, 6, ...host, 0, 0, ...bytesOf(type)]],
  [127, (type) => [...radio, ...wireless, ...bytesOf(type)]],
  [228, (type) => (isSix(type) ? undefined : [])],
  [229, (type) => (isSix(type) ? [] : undefined)],
  [239, (_type, length) => [2, 0, 0, 0, (length + 4) & 255, (length + 4) >> 8, 9, 0]],
  [276, (type) => [...bytesOf(type), 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, ...host, 0, 0]],
]);

function write(out: string, linkType: number, use: (writer: PcapWriter) => void): void {
  const fd = openSync(out, 'w');
  try {
    const writer = new PcapWriter((bytes, start, end) => writeSync(fd, bytes, start, end - start), { linkType });
    use(writer);
    writer.flush();
  } finally {
    closeSync(fd);
  }
}

/** What `floodgate run` sends of a capture, as a capture of Ethernet. */
export function asEthernet(path: string, out: string): void {
  rewriteCapture(path, out);
}

/** The IP packets of an Ethernet capture behind another link header; the rest (ARP) is left out. @returns whether it carries them */
export function underLink(path: string, linkType: number, out: string): boolean {
  const header = linkHeaders.get(linkType)!;
  const segment = new Segment();
  let isWhole = true;
  write(out, linkType, (writer) =>
    readCapture(path, {
      frame(bytes, start, end, wireLength, tsUs) {
        segment.read(bytes, start, end);
        const { ipStart } = segment;
        if (ipStart < 0) return;
        const before = header(word(bytes, ipStart - 2), end - ipStart);
        if (!before) {
          isWhole = false;
          return;
        }
        const frame = Uint8Array.from([...before, ...bytes.subarray(ipStart, end)]);
        writer.frame(frame, 0, frame.length, wireLength - (end - start) + frame.length, tsUs);
      },
    }),
  );
  return isWhole;
}

export interface OtherCapture {
  readonly name: string;
  readonly file: string;
}

/** Every recorded capture that is not Ethernet. */
export function recordedOthers(shared: string): OtherCapture[] {
  return readIndex(shared)
    .filter((row) => row.get('linktype') !== 'ether')
    .map((row) => ({ name: row.get('file')!, file: join(shared, 'corpora', row.get('file')!) }));
}

/** Two recorded Ethernet captures of whole conversations in each link header, written to `folder`. */
export function madeOthers(
  shared: string,
  folder: string,
): (OtherCapture & { readonly messages: readonly string[] })[] {
  const ethernet = new Set(
    readIndex(shared)
      .filter((row) => row.get('linktype') === 'ether' && row.get('vlan') === '0')
      .map((row) => row.get('file')!),
  );
  const whole = wholeCaptures(shared, 300_000, 2).filter(({ file }) => ethernet.has(file));
  const made: (OtherCapture & { messages: readonly string[] })[] = [];
  let next = 0;
  for (const linkType of linkHeaders.keys()) {
    for (let found = 0, tries = 0; found < 2 && tries < whole.length; tries += 1, next += 1) {
      const { file, messages } = whole[next % whole.length]!;
      const out = join(folder, `${linkType}-${found}-${basename(file)}`);
      const source = join(shared, 'corpora', file);
      if (!underLink(source, linkType, out)) continue;
      made.push({ name: `${file} as link type ${linkType}`, file: out, messages });
      found += 1;
    }
  }
  return made;
}

function replayAll(): void {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const shared = findShared(root);
  if (shared === null) throw new Error('put the corpora in ../shared or name FLOODGATE_SHARED');
  const folder = mkdtempSync(join(tmpdir(), 'floodgate-link-types-'));
  try {
    let [held, all, intact, missed] = [0, 0, 0, 0];
    const limits = ['rss.p99=1GB', 'rss.p999=1GB', 'missed.messages=0', 'extra.messages=0'];
    for (const { name, file } of [...recordedOthers(shared), ...madeOthers(shared, folder)]) {
      const out = join(folder, 'report');
      const words = ['run', file, '--topspeed', '--agent-until', 'http', '--no-explain', '--out', out];
      const program = join(root, 'bin', 'floodgate');
      const args = [program, ...words, ...limits.flatMap((limit) => ['--budget', limit])];
      const { status, stderr } = spawnSync(process.execPath, args, {
        encoding: 'utf8',
        env: { ...process.env, CI: '1' },
      });
      const report =
        status === 0 || status === 1 || status === 4
          ? (JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as RunReport)
          : undefined;
      const figure = (wanted: string) => report?.figures.find((each) => each.name === wanted)?.value ?? null;
      const { truth } = report?.messages ?? { truth: { requests: 0, responses: 0 } };
      const isHeld = report?.ledger?.ok === true && figure('missed.messages') === 0 && figure('extra.messages') === 0;
      [held, all] = [held + Number(isHeld), all + 1];
      intact += truth.requests + truth.responses;
      missed += figure('missed.messages') ?? 0;
      if (!isHeld) console.log(`${name}: ${report?.verdict.headline ?? stderr.trim()}`);
      rmSync(out, { recursive: true, force: true });
    }
    console.log(
      `${held} of ${all} captures sent whole, each message found and none beyond: ${missed} of ${intact} missed`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) replayAll();
