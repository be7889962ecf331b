/** Rates over time, through the command line and a TAP device; and scenario files with one. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { exchangesCapture } from '../../agent/commands/capture-fixture.ts';
import { nothingLeft, reportIn, run, tapOnly, workplace } from './cli-trial.ts';

t.setTimeout(240_000);
const budget = ['--budget', 'rss.p99=1GB', '--budget', 'rss.p999=2GB'];

t.test('what does not go with a profile is refused', async (t) => {
  const place = workplace(t);
  const profile = ['--profile', 'step=1kpps/1s'];
  for (const [words, message] of [
    [['steady', ...profile, '--loop', '2'], /--loop 2 does not go with a profile[\s\S]*repeated until/],
    [['steady', ...profile, '--lane', 'exact'], /--lane exact does not go with a profile[\s\S]*--lane tap/],
    [['steady', ...profile, '--pps', '5'], /'--pps <n>' cannot be used with option '--profile <list>'/],
    [['steady', '--profile', 'stp=1kpps/1s'], /"stp=1kpps\/1s" is no part of a profile\nDid you mean step\?/],
  ] as const) {
    const { code, err } = await run(['run', ...words], place.temporary);
    t.equal(code, 2, err);
    t.match(err, message);
  }
});

t.test('a capture is repeated until its profile is over', tapOnly, async (t) => {
  const place = workplace(t);
  const capture = path.join(place.folder, 'own.pcap');
  writeFileSync(capture, exchangesCapture(100));
  const profile = 'step=1kpps/500ms,ramp=1kpps..5kpps/500ms,bursts=5kpps/20ms/80ms/3';
  const args = ['run', capture, '--profile', profile, '--agent-until', 'http', ...budget, '--out', place.out];
  const { code, out, err } = await run(args, place.temporary);
  t.equal(code, 0, out + err);
  const { ledger, messages, notes, figures } = reportIn(place.out);
  t.equal(ledger!.framesSent, 500 + 1_500 + 300, 'what the rates come to');
  t.ok(messages!.truth.requests > 100 && messages!.found.requests === messages!.truth.requests, 'more than one round');
  const parts = notes.flatMap(({ text }) => /^pace: (\w+)=.*: ([\d,]+) frames/.exec(text)?.slice(1, 3) ?? []);
  t.same(parts, ['step', '500', 'ramp', '1,500', 'bursts', '300']);
  t.ok(notes.some(({ text }) => /half of the frames at most .* late/.test(text)));
  for (const name of ['sender.lateP99', 'sender.lateMax']) {
    t.equal(figures.find((each) => each.name === name)?.state, 'value', name);
  }
  await nothingLeft(t, place);

  const sliced = path.join(place.folder, 'part.pcapng');
  const slice = await run(['slice', place.out, '--frames', '2200-2300', '--all', '-o', sliced], place.temporary);
  t.match(slice.out, /^101 frames/, slice.err);
});

t.test('a scenario file: flags stand beside what it says', async (t) => {
  const place = workplace(t);
  const file = path.join(place.folder, 'own.yaml');
  const part = '{ kind: http, arrivals: { kind: constant, perSecond: 100 }, duration: 1s, exchanges: [{}] }';
  writeFileSync(file, `name: own\nimpair: duplicate=50%\nlane: exact\ntraffic: [${part}]\n`);
  const { code, out, err } = await run(
    ['run', file, '--impair', 'loss=1%', ...budget, '--out', place.out],
    place.temporary,
  );
  t.equal(code, 0, out + err);
  const { lane, scenario, notes } = reportIn(place.out);
  t.match({ lane, name: scenario.name }, { lane: 'exact', name: 'own' });
  t.same(
    notes.flatMap(({ text }) => /^(duplicate|loss): /.exec(text)?.[1] ?? []),
    ['duplicate', 'loss'],
  );
  const sliced = path.join(place.folder, 'part.pcapng');
  const slice = await run(['slice', place.out, '--frames', '1-900', '--all', '-o', sliced], place.temporary);
  t.match(slice.out, /^900 frames/, slice.err);
});
