/**
 * A few scenarios of the library, end to end in the exact lane: each holds its budget, and the defect that is named in it
 * breaks a limit of it. `npm run library` does so for all of them, through the TAP device.
 */
import path from 'node:path';
import t from 'tap';
import { nothingLeft, reportIn, run, workplace } from '../harness/commands/cli-trial.ts';
import { findScenario } from '../harness/project/library.ts';

t.setTimeout(300_000);

for (const [name, limit] of [
  ['closed-with-queue', 'pages.max'],
  ['skewed-mirror', 'missed.messages'],
  ['half-open-flood', 'streams.max'],
  ['far-ahead-byte', 'rss.max'],
] as const) {
  t.test(`${name}: holds, and its defect breaks ${limit}`, async (t) => {
    const place = workplace(t);
    const args = (out: string) => [
      'run',
      name,
      '--lane',
      'exact',
      '--no-explain',
      '--out',
      path.join(place.folder, out),
    ];
    const sound = await run(args('sound'), place.temporary);
    t.equal(sound.code, 0, sound.out + sound.err);
    const { ledger, messages } = reportIn(path.join(place.folder, 'sound'));
    t.ok(ledger!.framesSent > 2_000 && ledger!.ok, `${ledger!.framesSent} frames`);
    t.ok(messages!.truth.requests > 100 && messages!.found.requests === messages!.truth.requests);
    const { brokenBy } = (await findScenario(name)).scenario;
    const broken = await run([...args('broken'), '--defect', brokenBy!], place.temporary);
    t.equal(broken.code, 1, broken.out + broken.err);
    const over = reportIn(path.join(place.folder, 'broken')).budgets.filter(({ state }) => state === 'over');
    t.ok(
      over.some((each) => each.name === limit),
      over.map((each) => each.name).join(),
    );
    await nothingLeft(t, place);
  });
}
