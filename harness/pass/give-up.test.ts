/**
 * That a pass ends, and fails, where its target would keep it for ever or take the machine along.
 * Runs alone: how much a target has taken when that is seen goes by time.
 */
import t from 'tap';
import { openFeed } from '../feed/open-feed.ts';
import { verdictOf } from '../report/verdict.ts';
import { startChild } from '../target/child-target.ts';
import type { TargetLauncher } from '../target/target.ts';
import { GiveUp, type GiveUpRules } from './give-up.ts';
import { measuring } from './instruments/measuring.ts';
import { runPass } from './pass.ts';
import type { PassResult } from './pass-result.ts';

const rules = { stallMs: 1_000, memoryBytesMax: 100e6 };
const reading = { framesSent: 64, rssBytes: 50e6, isBusy: false };
const moduleUrl = new URL('../../scenarios/steady/scenario.ts', import.meta.url).href;

t.test('a stall is counted from the last frame, or from the end of the last look', async (t) => {
  const giveUp = new GiveUp(rules, true);
  t.equal(giveUp.look({ ...reading, nowMs: 0 }), undefined);
  t.equal(giveUp.look({ ...reading, nowMs: 999 }), undefined);
  t.equal(giveUp.look({ ...reading, nowMs: 1_000, framesSent: 65 }), undefined);
  t.equal(giveUp.look({ ...reading, nowMs: 1_900, framesSent: 65, isBusy: true }), undefined);
  t.equal(giveUp.look({ ...reading, nowMs: 2_899, framesSent: 65 }), undefined);
  t.same(giveUp.look({ ...reading, nowMs: 2_900, framesSent: 65 }), { why: 'stalled', stalledMs: 1_000 });
});

t.test('where frames come by the clock nothing is said of a pause; memory is watched in every lane', async (t) => {
  const giveUp = new GiveUp(rules, false);
  t.equal(giveUp.look({ ...reading, nowMs: 0 }), undefined);
  t.equal(giveUp.look({ ...reading, nowMs: 9e6 }), undefined);
  t.same(giveUp.look({ ...reading, nowMs: 9e6, rssBytes: 100e6 }), { why: 'memory', rssBytes: 100e6 });
});

/** A program that is ready at once and then does as it likes with its input. */
function programOf(script: string): TargetLauncher {
  return {
    name: 'program',
    isNode: false,
    start: ({ env }) =>
      startChild({
        name: 'program',
        command: process.execPath,
        arguments: ['-e', `console.log('ready'); ${script}`],
        env,
        ready: /^ready$/,
        withInput: true,
        withChannel: true,
      }),
  };
}

async function passOf(folder: string, script: string, giveUp: GiveUpRules): Promise<PassResult> {
  const traffic = { kind: 'scenario', moduleUrl, options: { seed: 1, sizeBytes: 2_000_000 } } as const;
  const feed = await openFeed('exact', { traffic, pace: { kind: 'topspeed' } });
  try {
    return await runPass({
      ...{ instrument: measuring, lane: 'exact', feed, launcher: programOf(script), folder, giveUp },
      ...{ nodeArguments: [], sampleMs: 20, intervalMs: 60_000, frameMarks: [], ceilingBytes: undefined, settleMs: 0 },
      ...{ signal: new AbortController().signal, onProgress: () => {} },
    });
  } finally {
    await feed.close();
  }
}

const headlineOf = (measure: PassResult) =>
  verdictOf({ measure, isAgent: true, budget: {}, spikes: [], interrupted: false }, []);

t.test('a target that takes no frame is ended, and has failed', async (t) => {
  const pass = await passOf(t.testdir(), 'setInterval(() => {}, 1e6);', { ...rules, memoryBytesMax: 1e12 });
  t.match(pass.exit, { expected: false, givenUp: { why: 'stalled' } });
  t.match(headlineOf(pass), { exitCode: 1, headline: /^The target hung: it took no frame for .+, and was ended\.$/ });
});

t.test('so does one that reads its input to the end and then goes on for ever', async (t) => {
  const script = 'process.stdin.resume(); setInterval(() => {}, 1e6);';
  const pass = await passOf(t.testdir(), script, { ...rules, memoryBytesMax: 1e12 });
  t.match(pass.exit, { expected: false, givenUp: { why: 'stalled' } });
});

t.test('a target that takes all memory is ended, and has failed', async (t) => {
  const script = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(4e6, 1)), 5);';
  const pass = await passOf(t.testdir(), script, { stallMs: 1e9, memoryBytesMax: 200e6 });
  t.match(pass.exit, { expected: false, givenUp: { why: 'memory' } });
  t.match(headlineOf(pass), { exitCode: 1, headline: /^The target took 2\d\d MB, nearly all memory/ });
});
