// Every recorded capture of the shared corpora is read whole: as many packets as capinfos counts.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { FloodgateError } from '../errors.ts';
import { AnyCaptureReader } from './capture-reader.ts';

const shared = process.env.FLOODGATE_SHARED ?? path.join(import.meta.dirname, '../../../shared');
const index = path.join(shared, 'corpora', 'INDEX.tsv');
const absent = existsSync(index) ? false : `${index} is absent: the recorded captures are NOT read`;

/** Ends in the middle of a packet; capinfos says so as well. */
const cutShort = 'pcap2har/tests/out-of-order.pcap';

/** The index names link types as capinfos does; some old files give raw IP as 12. */
const linkTypes: Record<string, readonly number[]> = {
  ether: [1],
  null: [0],
  rawip: [12, 101],
  rawip4: [228],
  nflog: [239],
  'per-packet': [1, 113],
};

t.test('packets and link types of every capture equal the index', { skip: absent }, (t) => {
  const [header = '', ...rows] = readFileSync(index, 'utf8').trim().split('\n');
  const column = new Map(header.split('\t').map((name, i) => [name, i]));
  const disagreements: string[] = [];
  let frames = 0;
  for (const row of rows) {
    const cells = row.split('\t');
    const cell = (name: string) => cells[column.get(name)!]!;
    let bytes: Uint8Array = readFileSync(path.join(shared, 'corpora', cell('file')));
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
    const reader = new AnyCaptureReader(cell('file'));
    let ending = '';
    try {
      for (let at = 0; at < bytes.length; at += 65_536) {
        reader.push(bytes, at, Math.min(at + 65_536, bytes.length), { frame: () => (frames += 1) });
      }
      reader.finish();
    } catch (error) {
      if (!(error instanceof FloodgateError)) throw error;
      ending = error.code;
    }
    const wantedEnding = cell('file') === cutShort ? 'capture-truncated' : '';
    const wanted = new Set([Number(cell('packets')), Number(cell('capinfos_packets'))]);
    const known = linkTypes[cell('linktype')] ?? [];
    if (!reader.interfaces.every(({ linkType }) => known.includes(linkType)) || reader.interfaces.length === 0) {
      disagreements.push(`${cell('file')}: link types ${reader.interfaces.map(({ linkType }) => linkType)}`);
    }
    if (!wanted.has(reader.framesRead) || ending !== wantedEnding) {
      disagreements.push(`${cell('file')}: ${reader.framesRead}, index ${[...wanted].join(' or ')} ${ending}`);
    }
  }
  t.same(disagreements, []);
  t.comment(`${rows.length} captures, ${frames} frames`);
  t.end();
});
