/** What loses nothing changes nothing: captures cut anew, joined, repeated and reordered give the same messages, byte for byte. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { compareArchives, ourArchive } from './har.ts';
import { wholeCaptures, withImpaired } from './impairments.fuzz.ts';
import { findShared } from './oracles.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const shared = findShared(root);
const skip = shared === null && 'SKIPPED: no recorded captures; put the corpora in ../shared or name FLOODGATE_SHARED';

/** Lines of `--messages` without the times and the numbers of streams, in an order of their own. */
function messageLines(capture: string): string[] {
  const args = [
    '--disable-warning=ExperimentalWarning',
    join(root, 'agent/main.ts'),
    '--read',
    capture,
    '--messages',
    '-',
  ];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the agent ended with ${status}`);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { ts: _ts, stream: _stream, pairing: _pairing, ...rest } = JSON.parse(line) as Record<string, unknown>;
      // A response captured before its request does not know it yet, and the request then knows that it is answered.
      return JSON.stringify(rest.type === 'response' ? { ...rest, method: '', uri: '' } : rest);
    })
    .sort();
}

t.test('through the wire, TCP and HTTP layers', { skip }, (t) => {
  // Each third, and small ones: the file itself plays all, as often as one likes.
  const captures = wholeCaptures(shared!, 200_000, 3);
  t.ok(captures.length > 30, `${captures.length} captures`);
  for (const [index, { file, messages }] of captures.entries()) {
    withImpaired(join(shared!, 'corpora', file), index, (found) => t.same(found, messages, `${file}, seed ${index}`));
  }
  t.end();
});

t.test('through the agent as a process, to the lines of its messages and to its archive', { skip }, (t) => {
  // In the second file the response overtakes its request.
  for (const [file, seed] of [
    ['pcap2har/tests/fhs.pcap', 7],
    ['zeek/testing/btest/Traces/websocket/fragmented-http-reply.pcap', 3],
  ] as const) {
    const path = join(shared!, 'corpora', file);
    withImpaired(path, seed, (_found, impaired) => {
      t.same(messageLines(impaired), messageLines(path), `${file}: messages`);
      const compared = compareArchives(ourArchive(impaired), ourArchive(path));
      t.same(compared.differences, [], `${file}: ${compared.entries} entries`);
      t.ok(compared.entries > 0);
    });
  }
  t.end();
});
