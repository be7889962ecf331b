/** The agent as a user deploys it, through the kernel: its exchanges are in the store, and nothing is left behind. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import {
  nothingLeft,
  outcomeOf,
  processesOf,
  reportIn,
  run,
  start,
  tapOnly,
  workplace,
} from '../commands/cli-trial.ts';

t.setTimeout(300_000);

/** The pace lets a machine with other work keep up, and limits that decide nothing leave the figures. */
const slow = ['run', 'steady', '--size', '2MB', '--speed', '10'];
const any = ['rss.p99=2GB', 'dropped.frames=1000000', 'missed.messages=1000000'].flatMap((text) => ['--budget', text]);

/** Of spool and store. */
function filesLeft(folder: string): string[] {
  const own = path.join(folder, 'pass-measure');
  return existsSync(own) ? readdirSync(own).filter((name) => /^(spool|witnesses)/.test(name)) : [];
}

t.test('every exchange is accounted for, to the rows of the store', tapOnly, async (t) => {
  const place = workplace(t);
  const { err } = await run([...slow, ...any, '--out', place.out], place.temporary);
  const report = reportIn(place.out);
  // From its sources, or from a bundle of them where one was made: test/published.test.ts has both.
  t.match(report.target.stages, /^full agent: capture to upload, (from sources|as published)$/, err);
  t.ok(report.target.command.includes('--upload') && report.target.command.includes('--spool'));
  const { sent, stored, storedWhole, missing, shed } = report.exchanges!;
  t.ok(sent > 200, `${sent} exchanges`);
  const dropped = report.figures.find(({ name }) => name === 'dropped.frames')!.value!;
  // On a starved machine the agent leaves some out, and says how many.
  const kept = sent - Object.values(shed).reduce((sum, count) => sum + count, 0);
  if (dropped === 0) t.same({ stored, storedWhole, missing }, { stored: kept, storedWhole: kept, missing: 0 });
  const collector = report.figures.find(({ name }) => name === 'collector.rssMax')!;
  t.ok(collector.value! > 20_000_000, `the collector took ${collector.value}`);
  t.ok(
    report.series.some(({ columns }) => columns.some(({ name }) => name === 'collectorRss')),
    'and has a line',
  );
  t.same(filesLeft(place.out), []);
  await nothingLeft(t, place);
});

for (const signal of ['SIGINT', 'SIGKILL'] as const) {
  t.test(`${signal} ends agent and collector`, tapOnly, async (t) => {
    const place = workplace(t);
    const child = start(['run', 'steady', ...any, '--out', place.out], place.temporary);
    const outcome = outcomeOf(child);
    const isUp = () => existsSync(path.join(place.out, 'pass-measure', 'agent-stats.jsonl'));
    for (let i = 0; i < 1_200 && !isUp(); i++) await pause(50);
    t.ok(filesLeft(place.out).includes('witnesses.sqlite'), 'the collector is there');
    t.ok(processesOf(place.folder).length >= 3, 'with the agent and the harness');
    child.kill(signal);
    const { code, err } = await outcome;
    if (signal === 'SIGINT') {
      t.equal(code, 3, err);
      t.same(filesLeft(place.out), []);
    }
    await nothingLeft(t, place);
  });
}

t.test('an agent that ends earlier says so, and is not judged by what it cannot know', tapOnly, async (t) => {
  const { out, temporary } = workplace(t);
  const { code, err } = await run([...slow, '--agent-until', 'http', ...any, '--out', out], temporary);
  const report = reportIn(out);
  t.equal(code, 0, err);
  t.match(report.target.stages, /^ends after HTTP framing, (from sources|as published)$/);
  t.equal(report.exchanges, null);
  t.notOk(report.budgets.some(({ name }) => name === 'witnesses.missing' || name === 'bodies.cut'));
});

t.test('the exact lane uploads nothing', async (t) => {
  const { temporary } = workplace(t);
  const refused = await run(['run', 'steady', '--lane', 'exact', '--agent-until', 'upload'], temporary);
  t.match(refused, { code: 2, err: /exact lane/ });
});
