import t from 'tap';
import { declaredCharset } from './charset.ts';

t.test('what a text says of its own encoding', (t) => {
  const of = (text: string, kind: Parameters<typeof declaredCharset>[1]) =>
    declaredCharset(Buffer.from(text, 'latin1'), kind);
  t.equal(of('<?xml version="1.0" encoding="ISO-8859-1"?>', 'xml'), 'iso-8859-1');
  t.equal(of("\xef\xbb\xbf<?xml version='1.0' encoding = 'UTF-8' ?>", 'xml'), 'utf-8');
  t.equal(of('<?xml version="1.0"?><a encoding="x"/>', 'xml'), undefined, 'not in an element');
  t.equal(of('<html><META http-equiv="Content-Type" content="text/html; charset=Shift_JIS">', 'html'), 'shift_jis');
  t.equal(of('<meta charset=koi8-r>', 'html'), 'koi8-r');
  t.equal(of('<meta charset="x">', 'xml'), undefined, 'meta means nothing in XML');
  t.equal(of(`${' '.repeat(2000)}<meta charset="x">`, 'html'), undefined, 'at the beginning only');
  t.equal(of('\xff\xfea\0', 'text'), 'utf-16le');
  t.equal(of('\xfe\xff\0a', 'text'), 'utf-16be');
  t.equal(of('\xff\xfea\0', 'bytes'), undefined, 'no mark where there is no text');
  t.equal(of('', 'xml'), undefined);
  t.end();
});

t.test('a hostile beginning costs little', (t) => {
  const cpu = process.cpuUsage();
  for (const text of ['<meta '.repeat(400), `<?xml ${'encoding='.repeat(200)}`, `<?xml${' '.repeat(2000)}`]) {
    for (let i = 0; i < 100; i++) declaredCharset(Buffer.from(text), 'html');
  }
  t.ok(process.cpuUsage(cpu).user < 2_000_000);
  t.end();
});
