/** A minimization from its first trial to its last word, with trials whose figures are made here. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { conversationsCapture } from '../../agent/commands/conversation-fixture.ts';
import type { Observation } from './condition.ts';
import { parseCondition } from './condition.ts';
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
