/** What lies free below what is held goes back to the system, again and again. */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { loadLibc } from '../capture/sys/libc.ts';
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
  const residentBytes = 100e6;
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
    nowMs += 100;
    idle.check();
    t.ok(process.memoryUsage.rss() > full - wantedBytes, 'not at once again');
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

t.test('when it is given back', { skip }, async (t) => {
  const libc = loadLibc()!;
  const { mallocTrim } = libc;
  t.teardown(() => Object.assign(libc, { mallocTrim }));
  let trims = 0;
  libc.mallocTrim = (padding) => {
    trims += 1;
    return mallocTrim(padding);
  };
  let nowMs = 0;
  let residentBytes = 0;
  const idle = new IdleMemory(
    () => nowMs,
    () => residentBytes,
  );
  idle.giveBack();
  for (const [afterMs, megabytes, isGiven, why] of [
    [1000, 60, false, 'little is to be had'],
    [1000, 100, true, 'a second has passed'],
    [900, 107, false, 'little has come on top'],
    [1000, 107, true, 'a second has passed, again'],
    [150, 119, false, 'too soon'],
    [50, 119, true, 'much has come on top'],
    [200, 128, true, 'much has come on top, whatever there is'],
    [1000, 140, false, 'so much was left that the governor decides'],
    [8800, 140, true, 'now and then all the same'],
    [1000, 119, true, 'there is less again'],
  ] as const) {
    const before = trims;
    nowMs += afterMs;
    residentBytes = megabytes * 1e6;
    idle.check();
    t.equal(trims - before, isGiven ? 1 : 0, `${megabytes} MB after ${afterMs} ms: ${why}`);
  }
});
