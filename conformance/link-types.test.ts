/** Captures of other link types: what is sent of them as Ethernet holds the messages that they hold, byte for byte. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { readCapture } from './capture.ts';
import { essence } from './impairments.fuzz.ts';
import { asEthernet, linkHeaders, madeOthers, recordedOthers } from './link-types.bench.ts';
import { findShared } from './oracles.ts';

const shared = findShared(fileURLToPath(new URL('..', import.meta.url)));
const skip = shared === null && 'SKIPPED: no recorded captures; put the corpora in ../shared or name FLOODGATE_SHARED';

t.test('recorded ones, as the agent reads them and as they are replayed', { skip }, (t) => {
  const out = join(t.testdir(), 'ethernet.pcap');
  let messages = 0;
  const others = recordedOthers(shared!);
  for (const { name, file } of others) {
    asEthernet(file, out);
    const own = essence(readCapture(file).messages);
    messages += own.length;
    const sent = essence(readCapture(out).messages);
    if (sent.join('\n') !== own.join('\n')) t.same(sent, own, name);
  }
  t.ok(others.length >= 35 && messages > 80, `${messages} messages of ${others.length} captures`);
  t.end();
});

t.test('recorded Ethernet in every other link header', { skip }, (t) => {
  const folder = t.testdir();
  const others = madeOthers(shared!, folder);
  const types = new Set(others.map(({ name }) => name.replace(/^.* /, '')));
  t.ok(types.size >= linkHeaders.size - 1, `${others.length} captures of ${types.size} link types`);
  for (const { name, file, messages } of others) {
    const out = join(folder, 'ethernet.pcap');
    asEthernet(file, out);
    const sent = essence(readCapture(out).messages);
    if (sent.join('\n') !== messages.join('\n')) t.same(sent, messages, name);
  }
  t.end();
});
