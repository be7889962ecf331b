import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { StatsTail } from '../watch/stats-tail.ts';
import { type HeldFlow, Hold } from './hold.ts';
import type { SendProgress } from './sender.ts';

/** A sender on paper: `send` sends up to where it is to hold. */
class PaperFlow implements HeldFlow {
  frames = 0;
  limit = Number.POSITIVE_INFINITY;
  heldAt = -1;

  progress(): SendProgress {
    return { frames: this.frames, bytes: 0, elapsedUs: 0, behindUs: 0, trafficUs: 0 };
  }

  pauseAt(frames: number): Promise<SendProgress> {
    this.limit = frames;
    return Promise.resolve(this.progress());
  }

  resume(): void {
    if (this.limit === this.heldAt || this.heldAt < 0) this.limit = Number.POSITIVE_INFINITY;
    this.heldAt = -1;
  }

  send(frames: number): void {
    if (this.heldAt >= 0) return;
    this.frames = Math.min(this.frames + frames, this.limit);
    if (this.frames === this.limit) this.heldAt = this.limit;
  }
}

function tailOf(t: Test): { tail: StatsTail; take: (frames: number, dropped?: number) => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-hold-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'stats.jsonl');
  const tail = new StatsTail(file);
  t.teardown(() => tail.close());
  const take = (frames: number, dropped = 0) =>
    writeFileSync(file, `{"type":"sample","capture.framesReceived":${frames},"capture.framesDropped":${dropped}}\n`, {
      flag: 'a',
    });
  return { tail, take };
}

t.test('the tail of a file of figures: whole lines only, the last one, dropped frames with the taken', (t) => {
  const { tail, take } = tailOf(t);
  t.equal(tail.framesTaken(), undefined, 'no file yet');
  take(5);
  t.equal(tail.framesTaken(), 5);
  take(7, 2);
  take(8, 2);
  t.equal(tail.framesTaken(), 10);
  tail.close();
  t.end();
});

t.test(
  'traffic is held at marks until the target has taken everything before them, and never far ahead of it',
  async (t) => {
    const { tail, take } = tailOf(t);
    const flow = new PaperFlow();
    const stop = new AbortController();
    let nowMs = 0;
    const used: number[] = [];
    const hold = new Hold({
      flow,
      tail,
      frameMarks: [150, 380],
      framesAheadMax: 100,
      atMark: (frames) => Promise.resolve(void used.push(frames)),
      pause: async (ms) => {
        nowMs += ms;
        await setImmediate();
      },
      signal: stop.signal,
      nowMs: () => nowMs,
    });
    const running = hold.run();
    const turns = async (count: number) => {
      for (let i = 0; i < count; i++) await setImmediate();
    };
    flow.send(1000);
    t.equal(flow.frames, 100, 'a hundred ahead of nothing taken');
    take(100);
    await turns(5);
    flow.send(1000);
    t.equal(flow.frames, 150, 'at the mark');
    await turns(5);
    t.same(used, [], 'not while frames before it are on their way');
    take(150);
    await turns(5);
    t.same(used, [150]);
    flow.send(1000);
    t.equal(flow.frames, 250);
    nowMs += 4_000;
    await turns(5);
    flow.send(1000);
    t.equal(flow.frames, 380, 'a target that hangs is not waited for, but marks are kept');
    await turns(5);
    t.same(used, [150, 380], 'nor is it at a mark');
    stop.abort();
    await running;
    t.pass('ends when the target is gone');
  },
);
