import t from 'tap';
import { parsePace } from './pace-flags.ts';

t.test('what the command line says about pace', async (t) => {
  t.equal(parsePace({}), undefined);
  t.same(parsePace({ speed: '4x' }), { kind: 'recorded', speed: 4 });
  t.same(parsePace({ speed: '0.5' }), { kind: 'recorded', speed: 0.5 });
  t.same(parsePace({ pps: '50000' }), { kind: 'frames', framesPerSecond: 50_000 });
  t.same(parsePace({ mbps: '600' }), { kind: 'bits', megabitsPerSecond: 600 });
  t.same(parsePace({ topspeed: true }), { kind: 'topspeed' });
  for (const bad of [{ speed: 'fast' }, { speed: '0x' }, { pps: '-1' }, { mbps: '' }, { pps: 'Infinity' }]) {
    t.throws(() => parsePace(bad), { code: 'pace-invalid', exitCode: 2 });
  }
  t.throws(() => parsePace({ pps: '1', topspeed: true }), { code: 'pace-invalid' });
});
