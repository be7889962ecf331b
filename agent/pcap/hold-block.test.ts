import t from 'tap';
import { AnyCaptureReader } from './capture-reader.ts';
import { FrameList } from './frame-list.ts';
import { endsWithHold, holdBlock, stepBytes } from './hold-block.ts';
import { PcapngWriter } from './pcapng-writer.ts';

t.test('it ends where a step ends, wherever it begins', (t) => {
  for (let written = 0; written <= 2 * stepBytes; written += 4) {
    const block = holdBlock(written);
    const total = written + block.length;
    if (total % stepBytes !== 0 || block.length > stepBytes + 24 || !endsWithHold(block, block.length)) {
      t.fail(`behind ${written} bytes: ${block.length}`);
      break;
    }
  }
  t.notOk(endsWithHold(new Uint8Array(stepBytes), stepBytes));
  t.notOk(endsWithHold(new Uint8Array(8), 8), 'too short to be one');
  t.end();
});

t.test('readers pass over it', (t) => {
  const parts: Uint8Array[] = [];
  const list = new FrameList();
  let written = 0;
  const writer = new PcapngWriter((bytes, start, end) => {
    parts.push(bytes.slice(start, end));
    written += end - start;
  });
  writer.addInterface({ name: 'one', linkType: 1, snapLength: 262_144 });
  for (let i = 0; i < 3; i += 1) {
    writer.frame(new Uint8Array(61).fill(i), 0, 61, 61, 1_000_000 + i, 0);
    writer.flush();
    const hold = holdBlock(written);
    parts.push(hold);
    written += hold.length;
  }
  const reader = new AnyCaptureReader('held');
  for (const part of parts) reader.push(part, 0, part.length, list);
  reader.finish();
  t.same(
    list.frames.map(({ bytes }) => bytes[0]),
    [0, 1, 2],
  );
  t.end();
});
