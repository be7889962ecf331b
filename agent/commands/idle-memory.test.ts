/** What lies free below what is held goes back to the system, again and again. */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { collectGarbage } from '../governor/process-memory.ts';
import { IdleMemory } from './idle-memory.ts';

const isGlibc =
  process.platform === 'linux' && 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;
const skip = isGlibc ? false : 'SKIPPED: glibc alone gives back free memory in the middle of an arena';

/** Below the size from which malloc maps each by itself. */
const bufferBytes = 64 << 10;
const buffers = 1000;
const heldShare = 1 / 20;

t.test('free memory below what is held', { skip }, async (t) => {
  let nowMs = 0;
  let residentBytes = 100e6;
  const idle = new IdleMemory(
    () => nowMs,
    () => residentBytes,
  );
  idle.giveBack();
  for (const round of [1, 2]) {
    let made = Array.from({ length: buffers }, () => Buffer.allocUnsafeSlow(bufferBytes).fill(round));
    const full = process.memoryUsage.rss();
    const held = made.filter((_, i) => i % (1 / heldShare) === 0);
    made = [];
    const wantedBytes = (buffers * bufferBytes) / 2;
    // Where there is little to be had, and where the governor decides, nothing is given back.
    for (residentBytes of [60e6, 130e6]) {
      nowMs += 1000;
      idle.check();
      t.ok(process.memoryUsage.rss() > full - wantedBytes, `${residentBytes}`);
    }
    residentBytes = 100e6;
    let fallen = 0;
    // V8 may free what it has collected a little later, in another thread.
    for (let tries = 0; tries < 200 && fallen < wantedBytes; tries += 1) {
      await turn();
      collectGarbage();
      nowMs += 1000;
      idle.check();
      fallen = full - process.memoryUsage.rss();
    }
    t.ok(fallen >= wantedBytes, `round ${round}: ${fallen} of ${buffers * bufferBytes} bytes`);
    t.ok(
      held.every((each) => each[0] === round && each[bufferBytes - 1] === round),
      'what is held stays',
    );
  }
});
