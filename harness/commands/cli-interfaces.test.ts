/** Several interfaces at once, as a person types it: the agent captures from all, and one budget of pages serves whichever needs it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { exchangesCapture } from '../../agent/commands/capture-fixture.ts';
import { nothingLeft, reportIn, run, tapOnly, workplace } from './cli-trial.ts';

t.setTimeout(120_000);
const loose = ['rss.p99', 'rss.p999'].flatMap((name) => ['--budget', `${name}=1GB`]);
const plain = (at: number) =>
  `  - { kind: http, interface: ${at}, arrivals: { kind: poisson, perSecond: 15 }, duration: 2s, exchanges: [{ response: { type: json, bytes: 2kB } }] }`;

/** On interface 3 a segment of each message is lost and sent again 300 ms later; the other seven lack nothing. */
const eight = (pages: number) => `name: eight
interfaces: 8
spread: interface
agentUntil: http
agentArguments: [--pages, "${pages}"]
recover: 300ms
budgets: { rss.max: 1 GB }
traffic:
  - kind: http
    interface: 3
    arrivals: { kind: constant, perSecond: 60 }
    duration: 2s
    fault: { kind: late-segment, segment: 2, by: 300ms }
    exchanges: [{ request: { type: json, bytes: 30kB }, response: { type: json, bytes: 30kB } }]
${[0, 1, 2, 4, 5, 6, 7].map(plain).join('\n')}
`;

/** Messages found on interface 3: all others are found in any case, being in order. */
async function recall(t: Test, pages: number): Promise<number | undefined> {
  const place = workplace(t);
  const file = path.join(place.folder, 'eight.yaml');
  writeFileSync(file, eight(pages));
  const words = ['run', file, ...loose, '--no-explain', '--out', place.out];
  const { out, err } = await run(words, place.temporary);
  await nothingLeft(t, place);
  const { messages, ledger, target, notes } = reportIn(place.out);
  t.equal(target.command.join(' ').match(/--interface floodgate[0-7]/g)?.length, 8, 'the agent captures from all');
  t.ok(ledger!.ok, out + err);
  const shares = /by interface: (.*) \(/.exec(notes.map(({ text }) => text).join('\n'))?.[1]?.split(' + ') ?? [];
  t.ok(shares.length === 8 && shares.every((share) => share !== '0'), shares.join());
  if (ledger!.framesDropped !== 0) {
    t.comment(`NOT JUDGED: this machine dropped ${ledger!.framesDropped} frames`);
    return undefined;
  }
  const { truth, found } = messages!;
  const missed = truth.requests + truth.responses - found.requests - found.responses;
  const there = 2 * 120;
  t.ok(truth.requests > 250, `${truth.requests} requests`);
  return (there - missed) / there;
}

t.test('all loss on one of eight: what a shared budget finds, and an eighth of it', tapOnly, async (t) => {
  const shared = await recall(t, 1_600);
  const even = await recall(t, 1_600 / 8);
  if (shared === undefined || even === undefined) return;
  t.comment(`recall ${shared} with one budget, ${even} with an even split`);
  t.equal(shared, 1);
  t.ok(shared >= 2 * even, `${shared} and ${even}`);
});

t.test('a capture by flow, with loss on one; a slice of it is the same frames', tapOnly, async (t) => {
  const place = workplace(t);
  const capture = path.join(place.folder, 'own.pcapng.zst');
  writeFileSync(capture, exchangesCapture(200));
  const spread = ['--interfaces', '3', '--impair', 'loss=30%', '--impair-interface', '1', '--agent-until', 'http'];
  const words = ['run', capture, ...spread, ...loose, '--no-explain', '--out', place.out];
  const { out, err } = await run(words, place.temporary);
  const { ledger, notes } = reportIn(place.out);
  t.ok(ledger!.ok && ledger!.framesSent > 300, out + err);
  t.match(notes.map(({ text }) => text).join('\n'), /spread: 3 interfaces, by flow: [\d,]+ \+ [\d,]+ \+ [\d,]+/);
  const sliced = path.join(place.folder, 'slice.pcapng');
  const slice = await run(
    ['slice', place.out, '--frames', `1-${ledger!.framesSent}`, '--all', '-o', sliced],
    place.temporary,
  );
  t.match(slice.out, new RegExp(`^${ledger!.framesSent} frames`), slice.err);
  await nothingLeft(t, place);
});

t.test('what cannot be: exit 2, and what to do', async (t) => {
  const place = workplace(t);
  for (const [words, message] of [
    [['--interfaces', '65'], /--interfaces.*1.*64/],
    [['--spread', 'flow'], /--spread is for several interfaces[\s\S]*--interfaces 8/],
    [['--interfaces', '4', '--impair-interface', '4', '--impair', 'loss=1%'], /--impair-interface.*3/],
    [['--interfaces', '4', '--impair-interface', '1'], /nothing says what is impaired[\s\S]*--impair loss/],
  ] as const) {
    const { code, err } = await run(['run', 'pipelining', ...words, '--out', place.out], place.temporary);
    t.equal(code, 2, err);
    t.match(err, message);
  }
});
