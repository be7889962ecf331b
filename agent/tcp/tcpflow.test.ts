/**
 * Our in-order bytes beside tcpflow's (version 1.6.1, `tcpflow -r FILE`), flow by flow, over the corpora. One class of
 * difference is recognised by itself: tcpflow takes the padding of short Ethernet frames for payload, so its file is ours
 * with a few zeros behind. The others are in testdata/tcpflow-differences.tsv, each with its reason; a difference that is
 * not there fails, and so does one listed that is gone.
 */
import { createHash, type Hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { AnyCaptureReader } from '../pcap/capture-reader.ts';
import { defaultTcpLimits } from './limits.ts';
import type { StreamHandler } from './stream-handler.ts';
import { emptyStreamDescription, type StreamDescription, TcpLayer } from './tcp.ts';

const shared = process.env.FLOODGATE_SHARED ?? path.join(import.meta.dirname, '../../../shared');
const oracle = path.join(shared, 'oracles/tcpflow-md5.tsv');
const differences = path.join(import.meta.dirname, 'testdata/tcpflow-differences.tsv');

/** What one direction of one stream carried: gaps as zeros, as tcpflow leaves them in its files. */
interface Flow {
  bytes: number;
  gapBytes: number;
  hash: Hash;
}

/** Short frames are padded to 60 bytes, so after the least of headers 6 are left, or 22 behind two tags and labels. */
const paddingBytesMax = 22;

/** Whether tcpflow's file is our flow and then zeros. */
function isPadded(bytes: number, md5: string, mine: Flow | undefined): boolean {
  const padding = bytes - (mine?.bytes ?? 0);
  if (padding <= 0 || padding > paddingBytesMax) return false;
  const hash = mine?.hash.copy() ?? createHash('md5');
  return hash.update(new Uint8Array(padding)).digest('hex') === md5;
}

/** Zeros for gaps; tcpflow writes none larger than this either. */
const gapBytesMax = 16 * 1024 * 1024;

class Flows implements StreamHandler {
  readonly byName = new Map<string, Flow>();
  readonly #open = new Map<number, [Flow, Flow]>();
  readonly #names = new Map<number, [string, string]>();
  readonly #description = emptyStreamDescription();
  layer: TcpLayer | undefined;

  open(stream: number): void {
    const flow = (): Flow => ({ bytes: 0, gapBytes: 0, hash: createHash('md5') });
    this.#open.set(stream, [flow(), flow()]);
    this.#names.set(stream, flowNames(this.layer!.describe(stream, this.#description)));
  }

  data(stream: number, side: number, bytes: Uint8Array, start: number, end: number): void {
    const flow = this.#open.get(stream)![side]!;
    flow.bytes += end - start;
    flow.hash.update(bytes.subarray(start, end));
  }

  gap(stream: number, side: number, length: number): void {
    const flow = this.#open.get(stream)![side]!;
    flow.gapBytes += length;
    flow.bytes += length;
    flow.hash.update(new Uint8Array(Math.min(length, gapBytesMax)));
  }

  end(): void {}

  close(stream: number): void {
    const flows = this.#open.get(stream)!;
    for (const [side, name] of this.#names.get(stream)!.entries()) {
      if (flows[side]!.bytes === 0) continue;
      let unique = name;
      for (let count = 1; this.byName.has(unique); count += 1) unique = `${name}c${count}`;
      this.byName.set(unique, flows[side]!);
    }
  }
}

/** tcpflow's file names: source and destination, IPv4 padded, `--VLAN` behind. */
function flowNames(description: StreamDescription): [string, string] {
  const endpoint = (address: string, port: number) => {
    const text = address.includes(':') ? address : address.replace(/\d+/g, (part) => part.padStart(3, '0'));
    return `${text}.${String(port).padStart(5, '0')}`;
  };
  const client = endpoint(description.clientAddress, description.clientPort);
  const server = endpoint(description.serverAddress, description.serverPort);
  return [`${client}-${server}`, `${server}-${client}`];
}

/** tab-separated rows, the header left out */
function rows(file: string): string[][] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(1);
  return lines.filter((line) => line !== '').map((line) => line.split('\t'));
}

function reassemble(file: string): Map<string, Flow> {
  const raw = readFileSync(file);
  const bytes = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw;
  const handler = new Flows();
  const reader = new AnyCaptureReader(file);
  const layer = new TcpLayer({
    limits: { ...defaultTcpLimits, streamsMax: 4096 },
    handler,
    source: reader,
    hashSeed: [1, 2],
  });
  handler.layer = layer;
  reader.push(bytes, 0, bytes.length, layer);
  layer.finish();
  return handler.byName;
}

const skip = existsSync(oracle) ? false : `the oracle is absent: ${oracle}`;
t.test('per-flow bytes are tcpflow’s, or the difference is explained', { skip }, (t) => {
  const explained = new Set(rows(differences).map((row) => row.slice(0, 5).join('\t')));
  const report: string[] = [];
  let equal = 0;
  let padded = 0;
  const byFile = new Map<string, [string, number, string][]>();
  for (const [file, flow, bytes, md5] of rows(oracle)) {
    if (!byFile.has(file!)) byFile.set(file!, []);
    byFile.get(file!)!.push([flow!, Number(bytes), md5!]);
  }
  for (const [file, flows] of byFile) {
    const ours = reassemble(path.join(shared, 'corpora', file));
    const seen = new Set<string>();
    const note = (flow: string, theirs: number, mine: Flow | undefined) => {
      const difference = [file, flow, theirs, mine?.bytes ?? 0, mine?.gapBytes ?? 0].join('\t');
      if (!explained.delete(difference)) report.push(difference);
    };
    for (const [flow, bytes, md5] of flows) {
      const name = flow.replace(/--\d+/, '');
      seen.add(name);
      const mine = ours.get(name);
      if (mine !== undefined && mine.bytes === bytes && mine.hash.copy().digest('hex') === md5) equal += 1;
      else if (isPadded(bytes, md5, mine)) padded += 1;
      else note(flow, bytes, mine);
    }
    for (const [name, mine] of ours) if (!seen.has(name)) note(name, 0, mine);
  }
  t.same(report, [], 'no difference without an explanation');
  t.same([...explained], [], 'no explanation without a difference');
  t.ok(equal >= 680, `${equal} flows are byte for byte tcpflow’s, ${padded} more but for padding it takes for payload`);
  t.end();
});
