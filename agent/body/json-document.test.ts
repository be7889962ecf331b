import t from 'tap';
import { BodyBuffers, JsonDocument } from './json-document.ts';
import { type JsonHandler, JsonReader } from './json-reader.ts';

const limits = { depthMax: 4, stringBytesMax: 1 << 16 };

/** Events as text: both ways must give the same. */
function transcript(): { handler: JsonHandler; lines: string[] } {
  const lines: string[] = [];
  const handler = new Proxy({} as JsonHandler, {
    // It takes no body whole: events are what is compared.
    get: (_target, name) =>
      name === 'whole'
        ? undefined
        : (value: unknown) => void lines.push(`${String(name)} ${typeof value} ${String(value)}`),
  });
  return { handler, lines };
}

const texts = [
  '{"a":[1,-2,3.5,"x",true,null,{}],"b":{"c":"ä"}}',
  '[1.0, 2]',
  '{"n":9007199254740993}',
  '{"n":18446744073709551615}',
  '[-0, 0, -0.0]',
  '"alone"',
  '[[[[[["too deep"]]]]]]',
  '{"a":1}{"a":2}',
  '{"a":[1,2',
  '\ufeff{"a":1}',
  'not json',
  '{"uuid":"1234567890123456-3e","d":"12.0e5"}',
];

t.test('a small body gives the same events as the reader', async (t) => {
  const buffers = new BodyBuffers(1 << 20);
  for (const text of texts) {
    for (const step of [1, 1000]) {
      const bytes = Buffer.from(text);
      const whole = transcript();
      const document = new JsonDocument(limits, buffers, whole.handler);
      const flowing = transcript();
      const reader = new JsonReader(limits, flowing.handler);
      for (let at = 0; at < bytes.length; at += step) {
        document.push(bytes, at, Math.min(bytes.length, at + step));
        reader.push(bytes, at, Math.min(bytes.length, at + step));
      }
      t.equal(document.finish(), reader.finish(), text);
      t.same(
        whole.lines.filter((line) => !line.startsWith('key')),
        flowing.lines.filter((line) => !line.startsWith('key')),
        text,
      );
      t.equal(buffers.bytesInUse, 0);
    }
  }
});

t.test('a body that outgrows the buffers, or finds none, is read as it flows', async (t) => {
  const text = `[${'{"k":"some text"},'.repeat(5000)}0]`;
  for (const bytesMax of [1 << 20, 10 << 10, 0]) {
    const buffers = new BodyBuffers(bytesMax);
    const { handler, lines } = transcript();
    const document = new JsonDocument(limits, buffers, handler);
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 1448) document.push(bytes, at, Math.min(bytes.length, at + 1448));
    t.ok(document.finish());
    t.equal(lines.filter((line) => line.startsWith('string')).length, 5000);
    t.equal(buffers.bytesInUse, 0);
    t.ok(buffers.bytesPeak <= bytesMax);
  }
});
