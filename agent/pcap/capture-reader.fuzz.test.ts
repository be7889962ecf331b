import t from 'tap';
import { fuzzReaders, smallCaptures } from './capture-reader.fuzz.ts';

t.test('mutated captures never do worse than a FloodgateError', (t) => {
  const corpus = smallCaptures(20_000);
  t.comment(
    corpus.length > 0 ? `${corpus.length} recorded captures` : 'the shared corpora are absent: generated captures only',
  );
  const result = fuzzReaders(1, 3_000, corpus);
  t.equal(result.captures, 3_000);
  t.ok(result.frames > 1_000 && result.refused > 1_000, JSON.stringify(result));
  t.end();
});

t.test('a reader keeps no more than one record, however large the blocks claim to be', async (t) => {
  const { AnyCaptureReader } = await import('./capture-reader.ts');
  const block = (type: number, length: number, ...body: number[]) => Uint32Array.of(type, length, ...body);
  const start = new Uint8Array(
    Uint32Array.of(...block(0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff), 28, ...block(1, 20, 1, 0), 20)
      .buffer,
  );
  const reader = new AnyCaptureReader('x');
  const sink = { frame: () => t.fail('no frame is here') };
  reader.push(start, 0, start.length, sink);
  // An unknown block of nearly 4 GiB: skipped as it comes, never stored.
  const huge = new Uint8Array(block(0xbad, 0xfffffffc).buffer);
  reader.push(huge, 0, huge.length, sink);
  const before = process.memoryUsage().arrayBuffers;
  const chunk = new Uint8Array(1 << 20);
  for (let i = 0; i < 300; i++) reader.push(chunk, 0, chunk.length, sink);
  t.ok(process.memoryUsage().arrayBuffers - before < 3 << 20, 'bounded');
  t.throws(() => reader.finish(), { code: 'capture-truncated' });
});
