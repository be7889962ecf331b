/** llhttp's own transcripts as a conformance suite, strict mode. Every difference is explained in testdata, or is a bug. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { findShared } from '../../conformance/oracles.ts';
import { type ExpectedMessage, readTranscripts, type Transcript } from './llhttp-transcripts.conformance.ts';
import { play, type Recorded, type Step } from './transcript.conformance.ts';

const shared = findShared(fileURLToPath(new URL('../..', import.meta.url)));
/** `name ⇥ difference ⇥ reason` */
const explanations = new Map(
  readFileSync(fileURLToPath(new URL('testdata/llhttp-differences.tsv', import.meta.url)), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t') as [string, string, string])
    .map(([name, difference, reason]) => [name, { difference, reason }]),
);

/** What disagrees, in words; '' where nothing does. */
function compare(transcript: Transcript, ours: readonly Recorded[]): string {
  const { messages, error } = transcript;
  for (const [index, expected] of messages.entries()) {
    const actual = ours[index];
    const last = index === messages.length - 1;
    if (!expected.complete && last) return compareUnfinished(error, expected, actual);
    if (actual === undefined) return `message ${index} is missing`;
    const difference = compareMessage(transcript.side, expected, actual);
    if (difference !== '') return `message ${index}: ${difference}`;
  }
  // What is invalid after the last message llhttp refuses; we may go on and find more.
  if (error === '' && ours.length > messages.length) return `${ours.length - messages.length} more`;
  return '';
}

/** llhttp stopped inside this message, for want of bytes or with an error: ours must not pass for a good one. */
function compareUnfinished(error: string, expected: ExpectedMessage, actual: Recorded | undefined): string {
  if (actual === undefined || !actual.complete || actual.flags !== '') return '';
  return error === '' ? `complete (${expected.body.length} bytes of body)` : `accepted: ${error}`;
}

function compareMessage(side: string, expected: ExpectedMessage, actual: Recorded): string {
  if (side === 'request') {
    if (expected.method !== actual.method) return `method ${actual.method}`;
    if (!same(expected.uri, actual.uri)) return `target ${actual.uri}`;
  } else {
    if (expected.status !== actual.status) return `status ${actual.status}`;
    if (!same(expected.reason, actual.reason)) return `reason ${actual.reason}`;
  }
  if (expected.version !== `1.${actual.minorVersion}`) return `version 1.${actual.minorVersion}`;
  if (!actual.complete) return `incomplete (${actual.flags})`;
  const plain = (fields: readonly [string, string][]) =>
    JSON.stringify(fields.map(([name, value]) => [name, value.replace(/[ \t]+/g, ' ')]));
  if (!same(plain(expected.fields), plain(actual.headers))) return `fields ${plain(actual.headers).slice(0, 200)}`;
  if (!same(expected.body, actual.body.toString('latin1')))
    return `body ${JSON.stringify(actual.body.toString('latin1'))}`;
  return '';
}

/** The transcripts show bytes beyond ASCII as UTF-8 where they are, else as latin1; ours are latin1. */
function same(expected: string, actual: string): boolean {
  return expected === actual || Buffer.from(expected, 'utf8').toString('latin1') === actual;
}

function playTranscript(transcript: Transcript, chunkBytes: number): Recorded[] {
  const steps: Step[] = [];
  const side = transcript.side === 'request' ? 0 : 1;
  if (transcript.side === 'response' && transcript.skipBody) steps.push([0, 'HEAD / HTTP/1.1\r\n\r\n'.repeat(4)]);
  steps.push([side, transcript.input]);
  if (transcript.finish) steps.push([side, 'end']);
  const { messages } = play(steps, { chunkBytes, close: 5 });
  return messages.filter(({ kind }) => kind === transcript.side);
}

t.test(
  "llhttp's transcripts, strict mode",
  { skip: shared === null && 'SKIPPED: no transcripts; put the corpora in ../shared or name FLOODGATE_SHARED' },
  (t) => {
    const transcripts = readTranscripts(join(shared!, 'corpora', 'llhttp'));
    const unused = new Set(explanations.keys());
    for (const transcript of transcripts) {
      const difference = compare(transcript, playTranscript(transcript, Number.POSITIVE_INFINITY));
      const explained = explanations.get(transcript.name);
      unused.delete(transcript.name);
      t.equal(difference, explained?.difference ?? '', transcript.name);
      t.equal(compare(transcript, playTranscript(transcript, 1)), difference, `${transcript.name}, byte by byte`);
    }
    t.same([...unused], [], 'no explanation without its transcript');
    t.ok(transcripts.length > 200, `${transcripts.length} transcripts`);
    t.end();
  },
);

t.test('every explanation gives a reason', (t) => {
  for (const [name, { reason }] of explanations) t.ok((reason ?? '').length > 20, name);
  t.end();
});
