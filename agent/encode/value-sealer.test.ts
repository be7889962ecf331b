import t from 'tap';
import { dataDigest } from '../digest/digest.ts';
import { inferText } from '../witness/infer.ts';
import { AuthType, type Data, DataKind, type DataMeta, httpMeta, Location } from '../witness/ir.ts';
import { Obfuscator } from '../witness/obfuscation.ts';
import { SLAB_BYTES } from '../witness/sealed.ts';
import { beginWriting, writtenBytes } from './backward-writer.ts';
import { textSamples } from './json-sealer.fuzz.ts';
import { ValueSealer } from './value-sealer.ts';
import { encodeData } from './witness-encoder.generated.ts';

const key = Buffer.alloc(32);
const limits = { depthMax: 100, stringBytesMax: 1 << 16, sealedBytesMax: 1 << 16 };
const places: readonly DataMeta[] = [
  httpMeta(Location.HEADER, 'X-Request-Id', 0, 0),
  httpMeta(Location.HEADER, 'Content-Length', 0, 200),
  httpMeta(Location.HEADER, 'X-Api-Key', 0, 0),
  httpMeta(Location.HEADER, 'Referer', 0, 0),
  httpMeta(Location.HEADER, 'Location', 0, 302),
  httpMeta(Location.QUERY, 'cursor', 0, 0),
  httpMeta(Location.QUERY, 'token', 0, 0),
  httpMeta(Location.COOKIE, 'session', 0, 0),
  httpMeta(Location.AUTH, '', AuthType.BEARER, 0),
  httpMeta(Location.HEADER, 'X-AKIAIOSFODNN7EXAMPLE', 0, 0),
  // As the names of fields are written.
  httpMeta(Location.HEADER, 'X-Akiaiosfodnn7example', 0, 0),
];
const numbers = [
  '0',
  '-0',
  '1',
  '007',
  '127',
  '128',
  '16383',
  '16384',
  '20231124',
  '999999999',
  '1600000000',
  '1e3',
  '1.5',
];
const urls = [
  '/token/abcdef123456',
  'https://h.example/password/hunter2secret?x=1',
  '/a%3Fpassword%3Dhunter2',
  '/plain/path',
];
const words = [
  't',
  'F',
  'true',
  'false',
  'True',
  'no',
  'yes',
  'fa',
  'TRUE!',
  'x'.repeat(70),
  'x'.repeat(128),
  'x'.repeat(300),
  'é',
  '+',
];

function found(data: Data): [string, string] {
  beginWriting();
  encodeData(data);
  return [writtenBytes().toString('hex'), dataDigest(data)];
}

for (const mode of ['redact', 'off', 'zero', 'hash'] as const) {
  t.test(`${mode}: a sealed text is byte for byte what the tree becomes, however often it comes`, async (t) => {
    const [mine, theirs] = [new Obfuscator(mode, key), new Obfuscator(mode, key)];
    const sealer = new ValueSealer(mine, limits, 1 << 16);
    let sealed = 0;
    for (const text of [...textSamples, ...numbers, ...urls, ...words]) {
      for (const meta of places) {
        const tree = inferText(text, meta);
        theirs.value(tree);
        for (let time = 1; time <= 3; time += 1) {
          const slab = sealer.openSlab();
          const before = mine.changed;
          const data = sealer.text(text, meta, slab) ?? inferText(text, meta);
          if (data.kind === DataKind.SEALED) sealed += 1;
          else mine.value(data);
          const ours = found(data);
          t.same(ours, found(tree), `${meta.key} ${text} ${time}`);
          t.equal(mine.changed - before, theirs.changed, `${meta.key} ${text} ${time}: values changed`);
          sealer.closeSlab(slab);
        }
        theirs.changed = 0;
      }
    }
    t.ok(sealed > 1000, `${sealed} were sealed`);
  });
}

t.test('texts of one message lie in its slab, and beyond it in buffers of their own', async (t) => {
  const sealer = new ValueSealer(new Obfuscator('redact', key), limits, 1 << 16);
  const meta = httpMeta(Location.HEADER, 'X-Request-Id', 0, 0);
  const slab = sealer.openSlab();
  const kept: [Data, string][] = [];
  for (let i = 0; i < 40; i += 1) kept.push([sealer.text(`request-${i}-a`, meta, slab)!, `request-${i}-a`]);
  t.ok(slab.used > SLAB_BYTES - 100 && slab.used <= SLAB_BYTES);
  for (const [data, text] of kept) t.same(found(data), found(inferText(text, meta)), text);
});
