/** Real runs through a TAP device: verdicts, reports, interruption, and nothing left behind. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { nothingLeft, outcomeOf, processesOf, run, start, tapOnly, workplace } from './cli-trial.ts';

t.setTimeout(240_000);

t.test('within budget: exit 0 and a report in every format', tapOnly, async (t) => {
  const place = workplace(t);
  const { code, out, err } = await run(
    [
      'run',
      'incident',
      '--size',
      '20MB',
      '--agent-until',
      'http',
      '--explain',
      '--budget',
      'rss.p99=1GB',
      '--budget',
      'rss.p999=1GB',
      '--out',
      place.out,
    ],
    place.temporary,
  );
  t.equal(code, 0, out + err);
  t.match(out, / PASS {2}incident/);
  t.match(err, /^incident \(tap lane\): measuring/m, 'plain lines where there is no terminal');
  for (const name of ['report.html', 'report.json', 'junit.xml', 'report.md', 'report.tap', 'report.txt']) {
    t.ok(existsSync(path.join(place.out, name)), name);
  }
  t.ok(readdirSync(path.join(place.out, 'profiles')).some((name) => name.endsWith('.pb.gz')));
  const report = JSON.parse(readFileSync(path.join(place.out, 'report.json'), 'utf8'));
  t.equal(report.ledger.framesSent, report.ledger.framesDelivered);
  t.ok(report.ledger.ok);
  // Collections are forced where resident memory had a spike, snapshots are taken where anything had one.
  const kinds = report.passes.map((pass: { kind: string }) => pass.kind).filter((kind: string) => kind !== 'settled');
  t.same(kinds.slice(0, 3), ['measure', 'allocations', 'live-heap']);
  for (const name of ['', 'profiles', 'report.json', 'report.html']) {
    t.equal(statSync(path.join(place.out, name)).mode & 0o077, 0, `${name} is for its owner alone`);
  }
  t.match((await run(['report', place.out, '--format', 'markdown'])).out, /incident/);
  const slice = path.join(place.folder, 'slice.pcapng');
  const sliced = await run(['slice', place.out, '--frames', '10-19', '-o', slice]);
  t.equal(sliced.code, 0, sliced.err);
  t.equal(statSync(slice).mode & 0o077, 0);
  t.match(sliced.out, /^10 frames/);
  await nothingLeft(t, place);
});

t.test('over budget: exit 1', tapOnly, async (t) => {
  const place = workplace(t);
  const { code, out } = await run(
    ['run', 'incident', '--size', '10MB', '--budget', 'rss.p99=1MB', '--out', place.out],
    place.temporary,
  );
  t.equal(code, 1);
  t.match(out, / FAIL {2}incident {2}rss\.p99 is .* at most 1 MB is allowed/);
  await nothingLeft(t, place);
});

t.test('Ctrl-C: exit 3, the partial report is kept, nothing is left behind', tapOnly, async (t) => {
  const place = workplace(t);
  const child = start(['run', 'incident', '--out', place.out], place.temporary);
  const outcome = outcomeOf(child);
  for (let i = 0; i < 1_200 && !existsSync(path.join(place.out, 'pass-measure', 'agent-stats.jsonl')); i++)
    await pause(50);
  // Four times a second: a second and a half of the run, however long that takes.
  const stats = path.join(place.out, 'pass-measure', 'agent-stats.jsonl');
  while (readFileSync(stats, 'utf8').split('\n').length < 7) await pause(50);
  t.ok(processesOf(place.folder).length >= 2, 'it runs');
  child.kill('SIGINT');
  const { code, out, err } = await outcome;
  t.equal(code, 3, err);
  t.match(out, /STOPPED.*Interrupted/);
  const report = JSON.parse(readFileSync(path.join(place.out, 'report.json'), 'utf8'));
  t.equal(report.partial, true);
  t.ok(report.series[0].tMs.length > 5, 'what was measured is there');
  await nothingLeft(t, place);
});

t.test('killed without warning: nothing is left behind either', tapOnly, async (t) => {
  const place = workplace(t);
  const child = start(['run', 'incident', '--out', place.out], place.temporary);
  const outcome = outcomeOf(child);
  for (let i = 0; i < 1_200 && !existsSync(path.join(place.out, 'pass-measure', 'agent-stats.jsonl')); i++)
    await pause(50);
  t.ok(processesOf(place.folder).length >= 2, 'it runs');
  child.kill('SIGKILL');
  await outcome;
  await nothingLeft(t, place);
});
