/** A minimization from its first trial to its last word, with trials whose figures are made here. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { conversationsCapture } from '../../agent/commands/conversation-fixture.ts';
import type { Observation } from './condition.ts';
import { parseCondition } from './condition.ts';
import { frameLevels } from './levels.ts';
import { type MinimizeOptions, minimize } from './minimize.ts';
import { readCapture } from './rewrite-capture.ts';
import type { Sweep } from './sweeps.ts';
import { TrialLog } from './trial-log.ts';

const framesIn = (file: string) => {
  let frames = 0;
  readCapture(file, {
    frame() {
      frames += 1;
    },
  });
  return frames;
};

/** Leaves so many frames, the first. */
const firstFrames = (count: number): Sweep => ({
  name: `first ${count}`,
  *choices() {
    let frames = 0;
    yield {
      words: `${count} frames`,
      filter: (out) => ({
        frame(...frame) {
          if (frames++ < count) out.frame(...frame);
        },
      }),
    };
  },
});

const seen = (megabytes: number, failure = ''): Observation => ({
  figures: { 'rss.max': { state: 'value', value: megabytes * 1e6, low: null, high: null, note: '' } },
  ...{ suspects: [], causes: [], exitCode: 0, failure },
});

function openSubject(t: { testdir(): string }) {
  const folder = t.testdir();
  const source = path.join(folder, 'whole.pcap');
  const says = Array.from({ length: 100 }, () => [0, 'x'.repeat(100)] as const);
  writeFileSync(source, conversationsCapture([{ says }]));
  const open = () => new TrialLog(path.join(folder, 'small.pcap.minimize'), 'question', false);
  const options = (log: TrialLog, run: MinimizeOptions['run']): MinimizeOptions => ({
    ...{ condition: parseCondition('rss.max > 100MB'), log, source, run, lane: 'tap', mayBeExact: false },
    ...{ exactOnly: false, levels: [firstFrames(20), firstFrames(10)], guess: new Set<string>(), jobs: 1 },
    ...{ budgetMs: 1e6, trialsMax: 1_000, nowMs: () => 0, onStep() {} },
  });
  return { open, options };
}

t.test('what holds only sometimes gives way to what was kept before it', async (t) => {
  const { open, options } = openSubject(t);
  const log = open();
  let small = 0;
  const run = async (file: string) => {
    const frames = framesIn(file);
    if (frames === 1) return seen(50);
    // Ten frames do it once, and never again.
    return seen(frames > 10 || small++ === 0 ? 150 : 50);
  };
  const found = await minimize(options(log, run));
  t.equal(framesIn(found.file), 20);
  t.ok(found.isSteppedBack);
  t.match(found.done, [/^first 20: /]);
  t.equal(found.done.length, 1);
  t.equal(readdirSync(log.folder).filter((name) => name.startsWith('smallest-')).length, 1, 'the other one is gone');
  t.ok(existsSync(found.file));
});

t.test('a capture that was kept before is there after an interruption too', async (t) => {
  const { open, options } = openSubject(t);
  const first = open();
  await t.rejects(
    minimize(
      options(first, async (file) => {
        const frames = framesIn(file);
        // The second trial of ten frames is the last word.
        if (frames === 10 && first.state?.levels === 2) throw new Error('killed');
        return seen(frames > 1 ? 150 : 50);
      }),
    ),
    /killed/,
  );
  const found = await minimize(options(open(), async (file) => seen(framesIn(file) > 10 ? 150 : 50)));
  t.equal(framesIn(found.file), 20);
});

t.test('what could not be run is tried again by the next who asks', async (t) => {
  const { open, options } = openSubject(t);
  let isMissing = true;
  const run = async (file: string) => (isMissing ? seen(0, 'no such program') : seen(framesIn(file) > 1 ? 150 : 50));
  const log = open();
  await t.rejects(minimize(options(log, run)), { code: 'condition-unmet' });
  t.match(readFileSync(path.join(log.folder, 'trials.jsonl'), 'utf8'), 'no such program');
  isMissing = false;
  const found = await minimize(options(open(), run));
  t.equal(framesIn(found.file), 10);
});

t.test('what is kept is beyond the limit by a margin, in both trials of the last word', async (t) => {
  const { open, options } = openSubject(t);
  // Ten frames pass the limit of 100 MB by 2: on a busy machine they would not.
  const near = await minimize(options(open(), async (file) => seen({ 1: 50, 10: 102 }[framesIn(file)] ?? 150)));
  t.equal(framesIn(near.file), 20);
  t.notOk(near.isSteppedBack, 'it was not kept at all');
  const other = openSubject(t);
  let tens = 0;
  const run = async (file: string) => {
    const frames = framesIn(file);
    if (frames === 10) tens += 1;
    return seen(frames === 1 ? 50 : frames === 10 && tens === 2 ? 103 : frames === 10 ? 111 : 150);
  };
  const twice = await minimize(other.options(other.open(), run));
  t.equal(framesIn(twice.file), 20, 'once of twice is not enough');
  t.ok(twice.isSteppedBack);
  // A whole that passes the limit by little has half of that for a margin.
  const little = openSubject(t);
  const found = await minimize(
    little.options(little.open(), async (file) => seen({ 1: 50, 20: 101, 10: 103 }[framesIn(file)] ?? 104)),
  );
  t.equal(framesIn(found.file), 10);
});

t.test('one trial that shows far too much does not move the limits of the search', async (t) => {
  const { open, options } = openSubject(t);
  const levels = frameLevels.filter(({ name }) => name === 'frames');
  let isOdd = true;
  const run = async (file: string, lane: string) => {
    const frames = framesIn(file);
    const megabytes = 40 + 2 * frames;
    if (lane === 'tap' || frames === 1 || frames > 20 || !isOdd) return seen(megabytes);
    isOdd = false;
    return seen(1_000);
  };
  const found = await minimize({ ...options(open(), run), mayBeExact: true, levels });
  t.notOk(isOdd);
  t.equal(found.searchedIn, 'exact');
  const frames = framesIn(found.file);
  t.ok(frames > 30 && frames < 45, `${frames} frames, 33 and a margin are enough`);
});

t.test('what held on the way is kept where what was found is not confirmed', async (t) => {
  const folder = t.testdir();
  const source = path.join(folder, 'whole.pcap');
  // 5 MB: the search goes on with a file of what is left as soon as half is gone.
  writeFileSync(source, conversationsCapture([{ says: Array.from({ length: 100 }, () => [0, 'x'.repeat(50_000)]) }]));
  const log = new TrialLog(path.join(folder, 'small.pcap.minimize'), 'question', false);
  let taps = 0;
  const run = async (file: string, lane: string): Promise<Observation> => {
    const frames = framesIn(file);
    if (lane === 'tap') taps += 1;
    return { ...seen(0), suspects: frames >= (lane === 'tap' ? 200 : 100) ? ['agent/a.ts#hold'] : [] };
  };
  const found = await minimize({
    ...{ condition: parseCondition('suspect=a.ts'), log, source, run, lane: 'tap', mayBeExact: true },
    ...{ exactOnly: false, levels: frameLevels.filter(({ name }) => name === 'frames'), guess: new Set<string>() },
    ...{ jobs: 1, budgetMs: 1e6, trialsMax: 1_000, nowMs: () => 0, onStep() {} },
  });
  const frames = framesIn(found.file);
  t.ok(frames >= 200 && frames < 350, `${frames} frames`);
  t.ok(taps < 10, `${taps} trials through a device`);
});
