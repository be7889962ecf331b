import t from 'tap';
import { addKeyed, witnessDigest } from '../digest/digest.ts';
import { httpMeta, httpWitness, int64Data, Location, stringData, structData, structFields } from '../witness/ir.ts';
import { decodeWitness } from './witness-decoder.ts';
import { encodeWitness } from './witness-encoder.ts';
import { outlineWitness } from './witness-outline.ts';

function sample() {
  const witness = httpWitness('PUT', 'api.example', '/orders/17', 2.5);
  const method = witness.method!;
  addKeyed(method.args, stringData('a text', httpMeta(Location.HEADER, 'Accept')));
  const body = structData(httpMeta(Location.BODY, '', 1, 200));
  for (let i = 0; i < 40; i += 1) structFields(body).append(`member${i}`, int64Data(i));
  addKeyed(method.responses, body);
  method.args.keyed = true;
  method.responses.keyed = true;
  method.meta!.weight = 8;
  return witness;
}

t.test('the same digest and meta, without a look at a value', async (t) => {
  const bytes = Uint8Array.from(encodeWitness(sample())!);
  const outline = outlineWitness(bytes)!;
  t.equal(witnessDigest(outline), witnessDigest(decodeWitness(bytes)));
  t.match(outline.method!.meta, { method: 'PUT', host: 'api.example', pathTemplate: '/orders/17', weight: 8 });
  t.equal(outline.method!.responses.size, 1);
  const empty = Uint8Array.from(encodeWitness(httpWitness('GET', 'h', '/'))!);
  t.equal(witnessDigest(outlineWitness(empty)!), witnessDigest(decodeWitness(empty)));
});

t.test('what is written otherwise is left to the decoder', async (t) => {
  const other = sample();
  other.method!.args.append('no digest', stringData('x'));
  t.equal(outlineWitness(encodeWitness(other)!), undefined, 'another key');
  const bytes = Uint8Array.from(encodeWitness(sample())!);
  t.equal(outlineWitness(Uint8Array.of(...bytes, ...bytes)), undefined, 'a method in two parts');
  t.equal(outlineWitness(Uint8Array.of()), undefined);
  for (let length = 1; length < bytes.length; length += 1) {
    const cut = bytes.subarray(0, length);
    let outline: unknown;
    try {
      outline = outlineWitness(cut);
    } catch {
      // A method or meta that is cut.
    }
    t.equal(outline, undefined, `cut after ${length}`);
  }
  // Whatever a byte becomes: an answer, or an error that the decoder has in store too.
  let answers = 0;
  for (let at = 0; at < bytes.length * 8; at += 1) {
    const damaged = Uint8Array.from(bytes);
    damaged[at >> 3]! ^= 1 << (at & 7);
    try {
      const outline = outlineWitness(damaged);
      if (outline !== undefined && witnessDigest(outline).length === 12) answers += 1;
    } catch (error) {
      if (!(error instanceof Error)) t.fail(String(error));
    }
  }
  t.ok(answers > bytes.length, `${answers} of ${bytes.length * 8}`);
});
