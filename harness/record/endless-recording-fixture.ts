/** `node endless-recording-fixture.ts FOLDER [FRAMES]`: records numbered frames without end, or so many, as fast as it can: to be killed. */
import { buildTcpFrame } from '../../agent/wire/packet-builder.ts';
import { RecordingFolder } from './recording-folder.ts';
import { RotatingFiles } from './rotating-files.ts';

const [, , folder = '', frames = 'Infinity'] = process.argv;
const files = new RotatingFiles(new RecordingFolder(folder), {
  ...{ fileBytes: 400_000, fileMs: 60_000, diskBytes: 3_000_000, application: 'test' },
  interfaces: [{ name: 'test0', linkType: 1, snapLength: 0 }],
});
const frame = buildTcpFrame({
  ...{ source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 4000, destinationPort: 80, sequence: 1, flags: 16 },
  payload: Buffer.alloc(700, 'x'),
});
const view = new DataView(frame.buffer, frame.byteOffset);
const numberAt = frame.length - 8;
for (let number = 0; number < Number(frames); number += 1) {
  view.setFloat64(numberAt, number);
  const tsUs = 1_700_000_000_000_000 + number * 10;
  files.frame(frame, 0, frame.length - (number % 97), frame.length, tsUs, 0);
  if (number % 1_000 === 0) files.statistics([{ framesReceived: number, framesDropped: number >> 10 }], tsUs);
  if (number % 100 === 0) files.flush();
}
files.end();
if (frames !== 'Infinity') {
  const { rss } = process.memoryUsage();
  process.stdout.write(JSON.stringify({ ...files.counts, rss, diskBytes: files.diskBytes }));
}
