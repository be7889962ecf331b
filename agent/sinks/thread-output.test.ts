import { Worker } from 'node:worker_threads';
import t from 'tap';
import { ThreadOutput } from './thread-output.ts';

t.test('whole records in batches, in order', (t) => {
  const sent: Uint8Array[] = [];
  const queued = new Int32Array(new SharedArrayBuffer(8));
  const output = new ThreadOutput({ send: (batch) => sent.push(batch), queued, place: 1, queuedBytesMax: 1 << 30 });
  let text = '';
  for (let at = 0; at < 20_000; at += 1) {
    const line = `${at} ${'é'.repeat(at % 40)}\n`;
    text += line;
    output.write(line);
  }
  const long = `${'x'.repeat(100_000)}\n`;
  output.write(long);
  output.close();
  t.equal(Buffer.concat(sent).toString(), text + long);
  t.ok(sent.length > 5 && sent.every((batch) => batch.at(-1) === 10), 'no record is cut');
  t.equal(queued[1], Buffer.byteLength(text + long));
  t.equal(queued[0], 0);
  t.end();
});

t.test('a full queue: the thread waits for room, and sheds whole batches when none comes', async (t) => {
  const queued = new Int32Array(new SharedArrayBuffer(4));
  let sent = 0;
  const record = new Uint8Array(40_000);
  const output = new ThreadOutput({
    send: () => {
      sent += 1;
    },
    queued,
    place: 0,
    queuedBytesMax: 100_000,
    blockedMsMax: 20,
  });
  for (let at = 0; at < 6; at += 1) {
    output.writeBytes(record);
    output.flush();
  }
  t.equal(sent, 2, 'as many as fit');
  t.match(output, { batchesShed: 4, bytesShed: 160_000 });
  t.equal(queued[0], 80_000, 'what was shed does not count as queued');

  const reader = new Worker(
    `const { workerData: queued } = require('node:worker_threads');
     setTimeout(() => { Atomics.sub(queued, 0, 80_000); Atomics.notify(queued, 0); }, 30);`,
    { eval: true, workerData: queued },
  );
  const patient = new ThreadOutput({
    send: () => {
      sent += 1;
    },
    queued,
    place: 0,
    queuedBytesMax: 100_000,
    blockedMsMax: 10_000,
  });
  patient.writeBytes(record);
  patient.flush();
  t.equal(sent, 3, 'sent once the other thread had written');
  t.equal(patient.batchesShed, 0);
  await reader.terminate();
});
