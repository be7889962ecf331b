/** The short forms of the fuzzers; run the files themselves for the long ones. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { fuzzHostile, fuzzLossless } from './assembler.fuzz.ts';
import { fuzzMutations, readFrames } from './mutation.fuzz.ts';
import { floodPages, fuzzRecords } from './segment-taker.fuzz.ts';

const corpora = path.join(process.env.FLOODGATE_SHARED ?? path.join(import.meta.dirname, '../../../shared'), 'corpora');

t.test('reordering, duplication and re-segmentation change nothing', (t) => {
  for (let seed = 1; seed <= 60; seed += 1) fuzzLossless(seed);
  t.pass('60 conversations');
  t.end();
});

t.test('hostile segments deliver nothing that was not sent, and stay within every budget', (t) => {
  for (let seed = 1; seed <= 100; seed += 1) fuzzHostile(seed);
  t.pass('100 streams');
  t.end();
});

t.test('records, blocks of a ring and frames of random traffic come to the same', (t) => {
  let [taken, takenFromRing, frames] = [0, 0, 0];
  for (let seed = 1; seed <= 100; seed += 1) {
    const round = fuzzRecords(seed);
    taken += round.taken;
    takenFromRing += round.takenFromRing;
    frames += round.frames;
  }
  t.ok(taken > frames * 0.3 && taken < frames * 0.9, `the kernel took ${taken} of ${frames}`);
  t.ok(takenFromRing > frames * 0.2 && takenFromRing < frames * 0.9, `and ${takenFromRing} from blocks`);
  t.end();
});

t.test('a block of pages that the kernel lets go of is the first to be used again, after a flood', (t) => {
  t.same(floodPages(true), floodPages(false), 'with the kernel and without');
  t.end();
});

const skip = existsSync(corpora) ? false : `the corpora are absent: ${corpora}`;
t.test('mutated captures never throw, hang or cross a bound', { skip }, (t) => {
  const files = readdirSync(corpora, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(pcap|pcapng|cap|trace)(\.gz)?$/.test(name))
    .sort()
    .map((name) => path.join(corpora, name));
  const frames = readFrames(files);
  t.ok(frames.length > 5000, `${frames.length} frames`);
  for (let seed = 1; seed <= 4; seed += 1)
    t.ok(fuzzMutations(frames, 10_000, seed) > 500, `10,000 packets, seed ${seed}`);
  t.end();
});
