import t from 'tap';
import { settleSecondsOf, targetRun } from './target-flags.ts';

t.test('how long is watched afterwards may be said of traffic, too; the rest is for targets', async (t) => {
  t.equal(await targetRun({ recover: '300ms' }, 'frames'), undefined, 'as a scenario file says it');
  t.equal(settleSecondsOf({ recover: '2m' }), 120);
  t.equal(settleSecondsOf({}), undefined);
  await t.rejects(targetRun({ recover: '300ms' }, undefined), { code: 'option-invalid', message: /--recover is for/ });
  await t.rejects(targetRun({ idle: '1s' }, 'frames'), { code: 'option-invalid', message: /--idle is for a target/ });
  t.throws(() => settleSecondsOf({ recover: '2d' }), { code: 'option-invalid', message: /longer than a day/ });
});
