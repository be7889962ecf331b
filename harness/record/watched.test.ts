import { existsSync } from 'node:fs';
import t from 'tap';
import { openWatched } from './watched.ts';

t.test('a unit that is not there is refused, with the reason', async (t) => {
  const folder = t.testdir();
  const order = { text: 'floodgate-is-not-there.service', folder, opensInspector: false } as Parameters<
    typeof openWatched
  >[0];
  const reason = existsSync('/run/systemd/system')
    ? /: the unit does not run$/
    : /: systemd does not run here \(no \/run\/systemd\/system\), and there is no control group \/system\.slice\/floodgate-is-not-there\.service$/;
  await t.rejects(async () => openWatched(order), { code: 'unit-missing', message: reason });
});
