import t from 'tap';
import { MultipartReader } from './multipart-reader.ts';

const limits = { partsMax: 3, headerBytesMax: 256 };

function read(text: string, step: number, boundary = 'XX') {
  const parts: { headers: Record<string, string>; body: string; complete: boolean }[] = [];
  const reader = MultipartReader.create(boundary, limits, {
    beginPart: (headers) => void parts.push({ headers: Object.fromEntries(headers), body: '', complete: false }),
    part: (bytes, start, end) => {
      parts.at(-1)!.body += Buffer.from(bytes.subarray(start, end)).toString('latin1');
    },
    endPart: (complete) => {
      parts.at(-1)!.complete = complete;
    },
  })!;
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += step) {
    const piece = Buffer.from(bytes.subarray(at, at + step));
    reader.push(piece, 0, piece.length);
  }
  reader.finish();
  return parts;
}

const steps = [1, 2, 3, 5, 7, 11, 1000];

t.test('parts, in pieces of every size', async (t) => {
  const text =
    'preamble\r\n--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\nfirst\r\nline\r\n--XX \r\n' +
    'CONTENT-TYPE: text/plain\r\n\r\n\r\n--X is no delimiter\r\r\n--XY\r\n--XX\r\n\r\n\r\n--XX--\r\nepilogue\r\n--XX\r\n\r\nno';
  for (const step of steps) {
    t.same(
      read(text, step),
      [
        { headers: { 'content-disposition': 'form-data; name="a"' }, body: 'first\r\nline', complete: true },
        { headers: { 'content-type': 'text/plain' }, body: '\r\n--X is no delimiter\r\r\n--XY', complete: true },
        { headers: {}, body: '', complete: true },
      ],
      `by ${step}`,
    );
  }
});

t.test('the delimiter may open the body, and a part may be empty', async (t) => {
  for (const step of steps) {
    t.same(read('--XX\r\na: b\r\n\r\n--XX--', step), [{ headers: { a: 'b' }, body: '', complete: true }], `by ${step}`);
  }
});

t.test('a part without its end is reported as incomplete, with all its bytes', async (t) => {
  for (const step of steps) {
    t.same(
      read('--XX\r\n\r\nhalf\r\n--X', step),
      [{ headers: {}, body: 'half\r\n--X', complete: false }],
      `by ${step}`,
    );
  }
});

t.test('limits', async (t) => {
  const many = `${'--XX\r\n\r\nx\r\n'.repeat(10)}--XX--`;
  for (const step of steps) t.equal(read(many, step).length, 3);
  t.same(read(`--XX\r\n${'a: b\r\n'.repeat(100)}\r\nbody\r\n--XX--`, 50), [], 'endless headers');
  const handler = { beginPart() {}, part() {}, endPart() {} };
  t.equal(MultipartReader.create(undefined, limits, handler), null);
  t.equal(MultipartReader.create('', limits, handler), null);
  t.equal(MultipartReader.create('x'.repeat(300), limits, handler), null);
});
