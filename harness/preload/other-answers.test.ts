/** Answers that are not what they say, and requests that no code of the service sees, counted by the real preload. */
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startChild } from '../target/child-target.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from '../watch/preload-channel.ts';

t.setTimeout(120_000);
const program = fileURLToPath(new URL('./testdata/other-answers.mjs', import.meta.url));

async function answersOf(kind: string) {
  const target = await startChild({
    name: 'other answers',
    command: process.execPath,
    arguments: [...preloadArguments, program, kind],
    env: preloadEnvironment({ intervalMs: 50 }),
    mayEnd: true,
    withChannel: true,
  });
  const channel = new PreloadChannel(target.channel, Date.now());
  const exit = await target.exited;
  t.equal(exit.code, 0, exit.lastLines.join('\n'));
  const { total, not2xx, unanswered = 0, inFlight = 0, leftEarly = 0, unseen = 0 } = channel.last!.answers!;
  return { total, not2xx, unanswered, inFlight, leftEarly, unseen };
}

const whole = { total: 12, not2xx: 0, unanswered: 0, inFlight: 0, leftEarly: 0, unseen: 0 };
const failed = { ...whole, total: 11, unanswered: 1 };
/** Of HTTP/2 an answer counts with its head. */
const failed2 = { ...whole, unanswered: 1 };

for (const [kind, what, counted] of [
  ['hints', 'a whole answer behind 103', whole],
  ['shortBehindHints', 'a short one behind 103', failed],
  ['shortBehindProcessing', 'a short one behind 102, twice', failed],
  ['long', 'one that is longer than it says', failed],
  ['latin', 'one whose head takes more bytes than characters', whole],
  ['head', 'a length of HEAD', whole],
  ['short2', 'HTTP/2: one that is shorter than it says', failed2],
  ['long2', 'HTTP/2: one that is longer', failed2],
  ['whole2', 'HTTP/2: one that is as long', whole],
  ['file2', 'HTTP/2: a file', whole],
  ['failedFile2', 'HTTP/2: a file behind 503', { ...whole, not2xx: 1 }],
  ['missingFile2', 'HTTP/2: a file that is not there, and is said to be missing', { ...whole, not2xx: 1 }],
  ['lostFile2', 'HTTP/2: one of which nothing is said', failed],
  ['descriptor2', 'HTTP/2: a descriptor', { ...whole, not2xx: 1 }],
  ['headAlone2', 'HTTP/2: a head alone', { ...whole, not2xx: 1 }],
  ['trailers2', 'HTTP/2: trailers', { ...whole, not2xx: 1 }],
  ['pushed2', 'HTTP/2: a 500 that is pushed beside a whole answer', whole],
  ['cut2', 'HTTP/2: a 503 that its service cuts counts once', { ...whole, not2xx: 1 }],
  ['reset2', 'HTTP/2: a whole one that its client refuses', failed2],
  ['refused', 'an upgrade that is refused with a status', { ...whole, not2xx: 1 }],
  ['refusedInPieces', 'one whose status comes in pieces', { ...whole, not2xx: 1 }],
  ['upgraded', 'one that is made', { ...whole, total: 11 }],
  ['noHttp', 'one that is answered by no HTTP', failed],
] as const)
  t.test(what, async (t) => t.same(await answersOf(kind), counted));

t.test('HTTP/2: streams that Node.js refuses before the service sees them', async (t) => {
  const { total, unanswered, leftEarly, inFlight } = await answersOf('nothing2');
  // Their numbers are missing: a client may also have left them before they were sent.
  t.equal(total - 11 + leftEarly, 60, `${total} answers`);
  t.ok(leftEarly >= 40, `${leftEarly} refused`);
  t.strictSame({ unanswered, inFlight }, { unanswered: 0, inFlight: leftEarly });
});
