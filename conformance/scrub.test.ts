/**
 * Scrubbed captures as other programs see them: the planted secrets of every place and coding are gone, and recorded captures hold the
 * same messages, in the same lengths and codings, for our agent and for tshark.
 *
 * FLOODGATE_CORPORA=all looks at every recorded capture instead of each eighth.
 */
import { existsSync, globSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { conversationsCapture } from '../agent/commands/conversation-fixture.ts';
import { checkScrubbed } from '../harness/scrub/check.ts';
import { readMessages } from '../harness/scrub/read-messages.ts';
import { framesOf, scrubbed, scrubInto } from '../harness/scrub/scrub-fixture.ts';
import { plantAll } from './planted/plant.ts';
import { differencesBySharks, hasShark, messagesBySharks, valuesLeft, wrongSumsBySharks } from './scrubbed-fixture.ts';

t.setTimeout(900_000);
const shared = process.env.FLOODGATE_SHARED ?? path.join(import.meta.dirname, '..', '..', 'shared');
const corpora = path.join(shared, 'corpora');
const isWhole = process.env.FLOODGATE_CORPORA === 'all';
const hashSeed = [1, 2] as const;

t.test('no planted secret is left, in whatever place and coding', async (t) => {
  const { cells, conversations } = plantAll(Number(process.env.FLOODGATE_SEED ?? 1), 150);
  t.ok(cells.length >= 50, `${cells.length} secrets`);
  const file = path.join(t.testdir(), 'capture.pcap');
  writeFileSync(file, conversationsCapture(conversations));
  const { file: output, counts } = await scrubbed(file);
  // What was decoded as well as what lies in the frames.
  const texts = (from: string) => [
    ...framesOf(from).map((frame) => frame.toString('latin1')),
    ...[...readMessages(from, hashSeed)].flatMap(({ uri, fields, body }) => {
      const text = Buffer.from(body).toString('latin1');
      return [uri, fields.join('\n'), text, text.replaceAll('\0', '')];
    }),
  ];
  const rare = cells.filter((cell) => cell.rare.length > 0);
  const [before, after] = [texts(file).join('\n'), texts(output).join('\n')];
  const found = (text: string) =>
    rare.filter((cell) => cell.rare.some((trace) => text.includes(trace))).map(({ id }) => id);
  t.ok(
    found(before).length > 0.8 * rare.length,
    `${found(before).length} of ${rare.length} can be found in the original`,
  );
  t.same(found(after), [], 'none in what was scrubbed');
  const checked = checkScrubbed({ file: output, original: file, hashSeed });
  t.same(checked.leaks, []);
  t.same(checked.differences, []);
  t.ok(counts.bodiesRecoded > 0);
});

t.test(
  'tshark sees the same messages, lengths and codings, and right sums',
  { skip: hasShark ? false : 'tshark is missing: NOT compared with it' },
  async (t) => {
    const file = path.join(t.testdir(), 'capture.pcap');
    writeFileSync(file, conversationsCapture(plantAll(2, 300).conversations));
    const { file: output } = await scrubbed(file);
    const before = messagesBySharks(file);
    t.ok(before.length > 50, `${before.length} messages`);
    t.same(differencesBySharks(before, messagesBySharks(output)), []);
    t.equal(wrongSumsBySharks(output), 0, 'sums are right');
  },
);

/** Why messages of these differ, each listed by the scrubber itself. */
const known: ReadonlyMap<string, string> = new Map([
  ['zeek/testing/btest/Traces/erspan.pcap', 'fragments of tunnels are left out'],
  ['zeek/testing/btest/Traces/tunnels/gtp/gtp1_gn_normal_incl_fragmentation.pcap', 'fragments of tunnels are left out'],
  ['zeek/testing/btest/Traces/tunnels/gtp/gtp2_different_udp_port.pcap', 'fragments of tunnels are left out'],
]);

t.test(
  'recorded captures: the same messages for our agent, and nothing of the original',
  { skip: existsSync(corpora) ? false : `there is no ${corpora}: recorded captures are NOT compared` },
  async (t) => {
    const all = globSync('**/*.{pcap,pcapng,cap}', { cwd: corpora }).sort();
    const chosen = isWhole ? all : all.filter((_, index) => index % 8 === 3);
    let [files, messages] = [0, 0];
    for (const name of chosen) {
      const file = path.join(corpora, name);
      const output = path.join(t.testdir(), 'scrubbed.pcapng');
      try {
        await scrubInto(file, output);
        const checked = checkScrubbed({ file: output, original: file, hashSeed });
        t.same(checked.leaks, known.has(name) ? checked.leaks : [], name);
        t.same(checked.differences, known.has(name) ? checked.differences : [], name);
        files += 1;
        messages += checked.messages;
      } catch (error) {
        // What is no capture that can be replayed is refused; what is no TCP leaves nothing.
        t.match((error as { code?: string }).code, /^(capture|recording)-/, name);
      }
    }
    t.ok(files > chosen.length / 2 && messages > 100, `${files} files, ${messages} messages`);
  },
);

t.test(
  'recorded captures: tshark sees the same messages, lengths and codings, and a search of its own finds no value at its place',
  { skip: existsSync(corpora) && hasShark ? false : 'tshark or the corpora are missing: NOT compared with it' },
  async (t) => {
    let ofItself = 0;
    // `conformance/scrub.bench.ts` looks at all of them.
    for (const name of [
      'pcap2har/tests/fhs.pcap',
      'zeek/testing/btest/Traces/http/bro.org.pcap',
      'zeek/testing/btest/Traces/http/content-range-gap-skip.pcap',
      'zeek/testing/btest/Traces/http/multipart.pcap',
    ]) {
      const file = path.join(corpora, name);
      if (!existsSync(file)) continue;
      const output = path.join(t.testdir(), 'scrubbed.pcapng');
      await scrubInto(file, output);
      const before = messagesBySharks(file);
      t.ok(before.length > 0, `${name}: ${before.length} messages`);
      t.same(differencesBySharks(before, messagesBySharks(output)), [], name);
      const { left, values } = valuesLeft(file, output);
      t.same(left, [], `${name}: ${values} values`);
      ofItself += valuesLeft(file, file).left.length;
    }
    t.ok(ofItself > 20, `the search finds ${ofItself} values of the originals themselves`);
  },
);
