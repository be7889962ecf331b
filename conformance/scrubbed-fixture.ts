/** Scrubbed captures beside their originals, by programs that share no code with the scrubber: tshark's messages, and a search of its own. */
import { spawnSync } from 'node:child_process';
import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import { framesIn, messagesIn, streamsOf } from '../bench/production/needle-search-fixture.ts';

/** What makes memory, of a message. tshark prints bodies as text up to their first zero, so their lengths are those that it puts together. */
const fields = [
  'http.request.method',
  'http.response.code',
  'http.content_length_header',
  'http.content_encoding',
  'http.transfer_encoding',
  'http.chunk_size',
  'tcp.len',
  'tcp.reassembled.length',
] as const;
const known =
  /^(?:gzip|x-gzip|deflate|br|zstd|identity|compress|chunked|POST|GET|PUT|HEAD|DELETE|OPTIONS|CONNECT|TRACE|PATCH)$/i;

export const hasShark = spawnSync('tshark', ['-v']).status === 0;

/** Messages over TCP in the order of their frames, a field each. @throws Error where tshark cannot read the file */
export function messagesBySharks(file: string): string[][] {
  const words = fields.flatMap((field) => ['-e', field]);
  const { stdout, stderr, status } = spawnSync(
    'tshark',
    ['-r', file, '-Y', 'http && tcp', '-T', 'fields', '-E', 'separator=/t', ...words],
    { encoding: 'utf8', maxBuffer: 1 << 29 },
  );
  // Of a file that is cut short it prints what is there, and ends with 2.
  if (status !== 0 && !/cut short/.test(stderr)) throw new Error(stderr);
  const lines = stdout.split('\n').slice(0, -1);
  // A method or a coding of someone's own has become another one.
  return lines.map((line) => line.split('\t').map((value) => value.replaceAll(/[A-Za-z][\w-]*/g, ownWord)));
}

const ownWord = (word: string) => (known.test(word) ? word : 'own');

/** Frames of TCP whose checksum is not right. @throws Error where tshark cannot read the file */
export function wrongSumsBySharks(file: string): number {
  const words = ['-r', file, '-o', 'tcp.check_checksum:TRUE', '-Y', 'tcp.checksum.status != 1', '-T', 'fields'];
  const { stdout, stderr, status } = spawnSync('tshark', [...words, '-e', 'frame.number'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\n').length - 1;
}

/** @returns a line for each message that is another one, without what it says */
export function differencesBySharks(before: readonly string[][], after: readonly string[][]): string[] {
  if (before.length !== after.length) return [`${before.length} messages, ${after.length} when scrubbed`];
  return before.flatMap((was, index) => {
    const differing = fields.filter((_field, at) => was[at] !== after[index]![at]);
    return differing.length === 0 ? [] : [`message ${index + 1}: ${differing.join(', ')}`];
  });
}

const runBytes = 8;
/** Fields whose values say how a message is framed and coded, and those of everyone's pages. */
const structural =
  /^(?:accept(?:-charset|-encoding|-ranges)?|cache-control|connection|content-(?:disposition|encoding|length|range|transfer-encoding|type)|expect|http2-settings|keep-alive|mime-version|pragma|proxy-connection|range|sec-websocket-(?:extensions|version)|te|trailer|transfer-encoding|upgrade|vary)$/i;

/** Values of the original of which eight letters and digits in a row stand at the same place in the scrubbed file. */
export function valuesLeft(original: string, scrubbed: string): { left: string[]; values: number } {
  const [before, after] = [original, scrubbed].map((file) => streamsOf(framesIn(file))) as [Buffer[], Buffer[]];
  const left: string[] = [];
  let values = 0;
  for (const [number, stream] of before.entries()) {
    const pair = [messagesIn(stream), messagesIn(after[number] ?? Buffer.alloc(0))].map((each) => [...each]) as [
      Buffer[],
      Buffer[],
    ];
    for (const [index, was] of pair[0].entries()) {
      const is = pair[1][index] ?? Buffer.alloc(0);
      const place = `stream ${number + 1}, piece ${index + 1}`;
      if (isHead(was)) {
        const [old, now] = [was, is].map((head) => head.toString('latin1').split('\r\n')) as [string[], string[]];
        for (const [line, text] of old.entries()) {
          const value = line === 0 ? text.replace(/^(?:HTTP\/\d\.\d \d{3} ?.*|[A-Z]+ )/, '') : saidBy(text);
          values += 1;
          const at = text.length - value.length;
          if (hasRun(Buffer.from(value, 'latin1'), Buffer.from((now[line] ?? '').slice(at), 'latin1')))
            left.push(`${place}, line ${line + 1}`);
        }
      } else {
        values += 1;
        if (hasRun(plainOf(was), plainOf(is))) left.push(`${place}: body`);
      }
    }
  }
  return { left, values };
}

const isHead = (bytes: Buffer) => /^(?:HTTP\/\d\.\d \d{3}|[A-Z]{3,20} \S)/.test(bytes.toString('latin1', 0, 40));

function saidBy(line: string): string {
  const [, name = '', value = ''] = /^([^:]*):\s*(.*)$/.exec(line) ?? [];
  return structural.test(name.trim()) ? '' : value.replace(/\bHTTP\/\d\.\d\b/g, '');
}

/** A body undone, where it is coded in one way. */
function plainOf(bytes: Buffer): Buffer {
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  for (const undo of [
    () => gunzipSync(bytes, options),
    () => inflateSync(bytes, options),
    () => zstdDecompressSync(bytes),
    () => brotliDecompressSync(bytes),
    () => inflateRawSync(bytes, options),
  ]) {
    try {
      const undone = undo();
      if (undone.length > 0) return undone;
    } catch {
      // Not coded in this way.
    }
  }
  return bytes;
}

/** Lines of parts' heads, and what JSON and markup have in common, are no values. */
const common = /\b(?:content-(?:disposition|type|transfer-encoding)[^\r\n]*|true|false|null)\b/gi;

function hasRun(before: Buffer, after: Buffer): boolean {
  const text = before.toString('latin1').replaceAll(common, (word) => '\0'.repeat(word.length));
  let run = 0;
  for (let i = 0; i < Math.min(text.length, after.length); i += 1) {
    // Zeros say nothing.
    const isSaying = /[A-Za-z1-9]/.test(text[i]!) && before[i] === after[i];
    run = isSaying ? run + 1 : 0;
    if (run >= runBytes) return true;
  }
  return false;
}
