import t from 'tap';
import { FloodgateError } from '../errors.ts';
import { Pressure } from '../tcp/limits.ts';
import { Governor, pressureShares } from './governor.ts';

function governed() {
  const state = { nowMs: 0, residentBytes: 0, heapShare: 0, freedByCollecting: 0, levels: [] as number[] };
  const governor = new Governor({
    ceilingBytes: 1000,
    nowMs: () => state.nowMs,
    residentBytes: () => state.residentBytes,
    heapShare: () => state.heapShare,
    collect: () => {
      state.residentBytes -= state.freedByCollecting;
    },
    apply: (level) => state.levels.push(level),
  });
  const at = (residentBytes: number, afterMs = 60) => {
    state.nowMs += afterMs;
    state.residentBytes = residentBytes;
    governor.check();
    return governor.level;
  };
  return { state, governor, at };
}

t.test('each share sheds one thing more, in order', (t) => {
  const { at, state, governor } = governed();
  t.equal(at(819), Pressure.none);
  t.equal(at(820), Pressure.refuseStreams);
  t.equal(at(890), Pressure.shedOutOfOrder);
  t.equal(at(950), Pressure.shedBodies);
  t.strictSame(state.levels, [1, 2, 3]);
  t.strictSame(governor.entered, { refuseStreams: 1, shedOutOfOrder: 1, shedBodies: 1 });
  t.ok(pressureShares.every((share) => share < 1));
  t.end();
});

t.test('back one level at a time, by a margin, after a while: no flapping', (t) => {
  const { at, state } = governed();
  at(955);
  t.equal(at(940, 1000), Pressure.shedBodies, 'within the margin');
  t.equal(at(905, 60), Pressure.shedOutOfOrder);
  t.equal(at(700, 60), Pressure.refuseStreams);
  t.equal(at(700, 60), Pressure.none);
  at(830);
  t.equal(at(700, 100), Pressure.refuseStreams, 'not before its time');
  t.equal(at(700, 500), Pressure.none);
  t.strictSame(state.levels, [3, 2, 1, 0, 1, 0]);
  t.end();
});

t.test('garbage is no reason to shed, but is collected once in a while only', (t) => {
  const { at, state, governor } = governed();
  state.freedByCollecting = 300;
  t.equal(at(900), Pressure.none);
  t.equal(governor.collections, 1);
  t.equal(at(900), Pressure.shedOutOfOrder);
  t.equal(governor.collections, 1);
  t.end();
});

t.test('the ceiling, of resident memory or of V8', (t) => {
  const { at, state } = governed();
  const expected = { code: 'memory-ceiling', exitCode: 4 };
  t.throws(() => at(1000), expected);
  state.heapShare = 1.01;
  t.throws(() => at(10), expected);
  t.throws(() => at(10), FloodgateError);
  t.end();
});
