/** Plants secrets of every kind in every place and looks for them in what comes out. */
import t from 'tap';
import { keyWitness, witnessDigest } from '../digest/digest.ts';
import { inspectWitnessFile } from '../encode/inspected-fixture.ts';
import { encodeWitness } from '../encode/witness-encoder.ts';
import { inferringTyper, inferText } from './infer.ts';
import * as ir from './ir.ts';
import { Obfuscator, REDACTED } from './obfuscation.ts';
import { fill, NAMED, SHAPED } from './secrets-fixture.ts';

const PRIVATE_KEY = `-----BEGIN RSA PRIVATE KEY-----\n${fill(64)}\n${fill(64)}\n-----END RSA PRIVATE KEY-----`;

/** What must not be seen: the secret, and its longer pieces by themselves. */
function assertHidden(t: { fail(message: string): boolean }, output: string, secret: string, what: string): void {
  const pieces = [
    secret,
    ...secret.split(/[\s=;]+/).filter((piece) => piece.length >= 12 && !piece.startsWith('-----')),
  ];
  for (const piece of pieces) if (output.includes(piece)) t.fail(`${what}: ${piece} in ${output.slice(0, 300)}`);
}

const redact = new Obfuscator('redact', Buffer.alloc(32, 7));

/** All that a witness holds: as JSON and as bytes. */
function found(witness: ir.Witness, obfuscator = redact): string {
  obfuscator.witness(witness);
  keyWitness(witness);
  const encoded = Buffer.from(encodeWitness(witness)!);
  return `${inspectWitnessFile(encoded).join('\n')}\n${encoded.toString('latin1')}`;
}

const struct = (entries: Record<string, ir.Data>): ir.Data => {
  const data = ir.structData();
  for (const [key, value] of Object.entries(entries)) ir.structFields(data).append(key, value);
  return data;
};

/** A witness with the value somewhere; JSON strings stay strings, texts go up the ladder. */
function witnessWith(place: string, name: string, secret: string): ir.Witness {
  const witness = ir.httpWitness('POST', 'api.example.org', '/v1/items', 1);
  const { args, responses } = witness.method!;
  const text = (location: number, key: string, code = 0): ir.Data =>
    inferText(secret, ir.httpMeta(location, key, 0, code));
  const body = (data: ir.Data, code = 0): ir.Data => {
    data.meta = ir.httpMeta(ir.Location.BODY, '', ir.ContentType.JSON, code);
    return data;
  };
  const value = inferringTyper.string(secret, null);
  if (place === 'header') args.append('0', text(ir.Location.HEADER, name));
  else if (place === 'response header') responses.append('0', text(ir.Location.HEADER, name, 200));
  else if (place === 'query') args.append('0', text(ir.Location.QUERY, name));
  else if (place === 'cookie') args.append('0', text(ir.Location.COOKIE, name));
  else if (place === 'auth') args.append('0', text(ir.Location.AUTH, ''));
  else if (place === 'body member') args.append('0', body(struct({ id: ir.int64Data(1), [name]: value })));
  else if (place === 'deep member') {
    responses.append(
      '0',
      body(struct({ a: ir.listData([struct({ b: struct({ [name]: ir.listData([value]) }) })]) }), 200),
    );
  } else if (place === 'optional') args.append('0', body(struct({ [name]: ir.optionalData(value) })));
  else if (place === 'pair list') args.append('0', body(ir.listData([struct({ name: ir.stringData(name), value })])));
  else if (place === 'form') args.append('0', body(struct({ [name]: inferText(secret, null) })));
  else if (place === 'bytes')
    args.append('0', body(struct({ [name]: ir.bytesData(Buffer.from(`\xff${secret}`, 'latin1')) })));
  else if (place === 'path') witness.method!.meta!.pathTemplate = `/v1/${name}/${secret.replaceAll(' ', '%20')}/x`;
  else if (place === 'member name') args.append('0', body(struct({ [secret]: ir.int64Data(1) })));
  else if (place === 'parameter name') args.append('0', ir.stringData('x', ir.httpMeta(ir.Location.QUERY, secret)));
  else if (place === 'text') args.append('0', body(ir.stringData(`line one\nuse ${secret} for it, please`)));
  else if (place === 'url in text')
    args.append('0', body(ir.stringData(`see https://x.example/a?b=1&${name}=${secret}&c=2`)));
  else if (place === 'JSON in text') args.append('0', body(ir.stringData(JSON.stringify({ [name]: secret }))));
  else t.fail(`unknown place ${place}`);
  return witness;
}

const NAMED_PLACES = [
  'header',
  'response header',
  'query',
  'cookie',
  'body member',
  'deep member',
  'optional',
  'pair list',
  'form',
  'bytes',
  'JSON in text',
];
const SHAPED_PLACES = [...NAMED_PLACES, 'auth', 'path', 'member name', 'parameter name', 'text', 'url in text'];

t.test(
  `${Object.keys(SHAPED).length} shapes and ${Object.keys(NAMED).length} names in every place of a witness`,
  (t) => {
    let planted = 0;
    for (const [kind, secret] of [...Object.entries(SHAPED), ['private key', PRIVATE_KEY] as const]) {
      for (const place of SHAPED_PLACES) {
        if (kind === 'private key' && place === 'path') continue; // no path holds line ends
        const witness = witnessWith(place, 'note', secret);
        assertHidden(t, found(witness), secret, `${kind} in ${place}`);
        planted += 1;
      }
    }
    for (const [name, secret] of Object.entries(NAMED)) {
      for (const place of NAMED_PLACES) {
        assertHidden(t, found(witnessWith(place, name, secret)), secret, `${name} in ${place}`);
        planted += 1;
      }
    }
    t.ok(planted > 900, `${planted} planted`);
    t.end();
  },
);

/** Every text form a message may have, as an HAR writes it. */
function harTexts(name: string, secret: string, o: Obfuscator): Record<string, string> {
  const encoded = encodeURIComponent(secret);
  return {
    url: o.url(`https://api.example.org/v1/items?a=1&${encodeURIComponent(name)}=${encoded}&b=2`),
    fragment: o.url(`https://api.example.org/cb#${encodeURIComponent(name)}=${encoded}&b=2`),
    header: o.pair('header', name, secret),
    'query pair': o.pair('query', name, secret),
    'cookie pair': o.pair('cookie', name, secret),
    'Cookie header': o.pair('header', 'Cookie', `a=b; ${name}=${secret}; c=d`),
    'Set-Cookie header': o.pair('header', 'Set-Cookie', `${name}=${secret}; Path=/; HttpOnly`),
    'Authorization header': o.pair('header', 'Authorization', `Bearer ${secret}`),
    referer: o.pair('header', 'Referer', `https://x.example/?${encodeURIComponent(name)}=${encoded}`),
    JSON: o.text(JSON.stringify({ a: [1, { [name]: secret }], z: 1 }), 'application/json'),
    'JSON, indented': o.text(JSON.stringify({ a: [1, { [name]: secret }], z: 1 }, null, 2), 'application/json'),
    'JSON in JSON': o.text(JSON.stringify({ log: JSON.stringify({ [name]: secret }) }), 'application/json'),
    'JSON list': o.text(JSON.stringify({ [name]: [secret, { x: secret }] }), 'application/json'),
    form: o.text(`a=1&${encodeURIComponent(name)}=${encoded}&b=2`, 'application/x-www-form-urlencoded'),
    multipart: o.text(
      `--b0\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${secret}\r\n--b0--\r\n`,
      'multipart/form-data',
    ),
    YAML: o.text(`user: x\n${name}: ${secret}\nz: 1\n`, 'application/yaml'),
    'YAML, quoted': o.text(`user: x\n${name}: "${secret}"\nz: 1\n`, 'application/yaml'),
  };
}

t.test('the same in every place of an HAR', (t) => {
  let planted = 0;
  for (const [kind, secret] of Object.entries(SHAPED)) {
    for (const [place, output] of Object.entries(harTexts('note', secret, redact))) {
      assertHidden(t, output, secret, `${kind} in ${place}`);
      assertHidden(t, decodeURIComponent(output.replaceAll('%', '%25')), secret, `${kind} in ${place}`);
      planted += 1;
    }
  }
  for (const [name, secret] of Object.entries(NAMED)) {
    for (const [place, output] of Object.entries(harTexts(name, secret, redact))) {
      assertHidden(t, output, secret, `${name} in ${place}`);
      assertHidden(t, output, encodeURIComponent(secret), `${name} in ${place}`);
      planted += 1;
    }
    if (!/[[\]]/.test(name)) {
      assertHidden(t, redact.text(`<a><${name}>${secret}</${name}></a>`, 'text/xml'), secret, `${name} in XML`);
      assertHidden(t, redact.text(`<a ${name}="${secret}"/>`, 'text/xml'), secret, `${name} in XML attribute`);
    }
  }
  t.ok(planted > 1000, `${planted} planted`);
  t.end();
});

t.test('private keys, passwords in URLs, connection strings, credentials in text', (t) => {
  const texts: Record<string, string> = {
    [JSON.stringify({ pem: PRIVATE_KEY })]: fill(64),
    'postgres://user:s3cretpw@db.example:5432/x': 's3cretpw',
    'mongodb+srv://u:p%40ss@cluster.example/x': 'p%40ss',
    'https://onlytokenhere@github.com/x.git': 'onlytokenhere',
    'Server=db;User Id=sa;Password=hunter2;Encrypt=1': 'hunter2',
    'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9vYmFy==;x=1': 'Zm9vYmFy',
    'curl -H "Authorization: Bearer abcdef123456"': 'abcdef123456',
    'Authorization: Basic dXNlcjpwYXNz': 'dXNlcjpwYXNz',
    'https://x.example/?sig=abc%2Bdef&se=2021': 'abc%2Bdef',
    '{"pass\\u0077ord":"hunter2"}': 'hunter2',
    '[{"name":"password","value":"hunter2"}]': 'hunter2',
    '[{"value":"hunter2","kind":"x","key":"api_key"}]': 'hunter2',
    '{"log":"{\\"name\\": \\"password\\", \\"value\\": \\"hunter2\\"}"}': 'hunter2',
    '{"field":"pin","value":918273}': '918273',
    [`{"x":"\\u0067hp_${fill(36)}"}`]: fill(36),
    '{"dsn":"postgres:\\/\\/user:s3cretpw@db\\/x"}': 's3cretpw',
    [`{"x":"FwoGZXIvYXdz${fill(20)}\\/tailoftoken"}`]: 'tailoftoken',
  };
  for (const [text, secret] of Object.entries(texts)) {
    t.notOk(redact.text(text).includes(secret), redact.text(text).slice(0, 100));
    t.ok(redact.text(text).includes(REDACTED));
  }
  t.equal(redact.url('https://u:pw@example.org/a'), `https://u:${REDACTED}@example.org/a`);
  t.equal(redact.path('/reset-password/abc123def'), `/reset-password/${REDACTED}`);
  t.end();
});

t.test('what is no secret stays, to the letter', (t) => {
  const harmless = [
    'hello world',
    'The token economy: a bearer of good news, basic information',
    'https://example.org/a/b?page=2&sort=name#top',
    '{"token_type":"Bearer","expires_in":3600,"max_tokens":100,"name":"key","description":"a: b = c"}',
    '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
    '2021-03-04T05:06:07.123Z',
    '1614834367123',
    'd41d8cd98f00b204e9800998ecf8427e',
    'user@example.org',
    '{"password_required":true,"pin":null}',
    'a-very-long-slug-of-a-blog-post-about-nothing-in-particular',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.93 Safari/537.36',
    '<html><body class="x">hello</body></html>',
    'ünï: cödé = ✓',
  ];
  for (const text of harmless) t.equal(redact.text(text), text);
  t.equal(redact.url('/a?b=%20c+d&e'), '/a?b=%20c+d&e');
  t.equal(redact.pair('header', 'Accept', 'text/html'), 'text/html');
  t.end();
});

t.test('JSON stays JSON', (t) => {
  const escapes = '["\\\\u0041 \\u0042 \\u0022 \\u005c \\u00e9 \\u000a"]';
  t.strictSame(JSON.parse(redact.text(escapes)), JSON.parse(escapes), 'unescaping changes no meaning');
  const text = JSON.stringify({ password: 'a"b\\', pin: 1234, token: { a: [1, '}'] }, secrets: ['x'], keep: 1 });
  const parsed = JSON.parse(redact.text(text));
  t.strictSame(parsed, { password: REDACTED, pin: REDACTED, token: REDACTED, secrets: REDACTED, keep: 1 });
  t.end();
});

t.test('zero and hash show no value, off shows all', (t) => {
  const secret = 'some quite ordinary value';
  for (const mode of ['zero', 'hash'] as const) {
    const o = new Obfuscator(mode, Buffer.alloc(32, 1));
    for (const place of NAMED_PLACES) {
      assertHidden(t, found(witnessWith(place, 'note', secret), o), secret, `${mode} in ${place}`);
    }
    for (const [place, output] of Object.entries(harTexts('note', secret, o))) {
      assertHidden(t, output, secret, `${mode} in ${place}`);
      assertHidden(t, output, encodeURIComponent(secret), `${mode} in ${place}`);
    }
  }
  const hash = new Obfuscator('hash', Buffer.alloc(32, 1));
  const other = new Obfuscator('hash', Buffer.alloc(32, 2));
  const digest = (o: Obfuscator): string => {
    const witness = witnessWith('query', 'q', 'v');
    o.witness(witness);
    keyWitness(witness);
    return witnessDigest(witness);
  };
  t.equal(digest(hash), digest(hash), 'equal values have equal hashes');
  t.not(digest(hash), digest(other), 'under one key');
  t.equal(hash.pair('query', 'q', 'v').length, 44, 'as long as the original’s');
  const off = new Obfuscator('off', Buffer.alloc(0));
  t.equal(off.url('/?password=x'), '/?password=x');
  t.ok(found(witnessWith('query', 'password', 'hunter2'), off).includes('hunter2'));
  t.end();
});

t.test('types, formats and shared metas', (t) => {
  const meta = ir.httpMeta(ir.Location.QUERY, SHAPED.JWT!);
  const witness = ir.httpWitness('GET', 'h', '/');
  witness.method!.args.append('0', ir.stringData('plain', meta));
  const card = ir.int64Data(4111111111111111);
  const flag = struct({ password_set: ir.boolData(true), password: ir.int64Data(5), none: ir.optionalData() });
  witness.method!.args.append('1', card);
  witness.method!.args.append('2', flag);
  redact.witness(witness);
  t.equal(meta.key, SHAPED.JWT, 'a shared meta is not touched');
  t.equal(witness.method!.args.values[0]!.meta!.key, REDACTED);
  t.equal(card.value, REDACTED);
  t.equal(card.scalar, ir.ScalarKind.STRING);
  t.equal(ir.structFields(flag).get('password_set')!.value, true);
  t.equal(ir.structFields(flag).get('password')!.value, REDACTED);
  t.end();
});

t.test('hostile texts take bounded time', (t) => {
  const units = [
    'a',
    '-',
    '_',
    '=',
    ':',
    '://',
    'a=',
    'a:',
    '"',
    '<',
    '<a',
    '4',
    '4 ',
    'sk-',
    'eyJ',
    'name="',
    '-----BEGIN PRIVATE KEY',
  ];
  units.push(
    'Basic ',
    'password=',
    'password:',
    '"password":{',
    '"password":"',
    '<password>',
    '\\"',
    ' ',
    '%',
    'x@',
    '"name":"',
    '"value":"',
    '"value":"x","name":"password",',
    '"name":"password",',
    '1:AA',
    'é',
    'a_sk-',
    '"name":"password","value":{',
    '"value":{"name":"password",',
    '<value>',
    '<name>password</name>',
    '<input name="password" ',
    '<a b="',
    '&lt;',
    '&amp;',
    '%25',
    '%e4%b8',
    '\\\\',
    '\\u005c',
    'key:',
    '"key":"',
    '"code":[',
    '/password/',
    '/',
    ',"',
    '["password",',
    '["password","',
    '--password ',
    '-u a:b ',
    'adafruit=',
    '_ey',
    'glpat-',
    'sk-ant-api03-',
    'hooks.slack.com/services/',
    'sntrys_eyJpYXQiO',
    'aQ~',
    'aaaaaaaaaaaaaa.atlasv1.',
    'YWJjZGVm',
    'YWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVm\n',
    'name=password\r\n\r\n',
    'name=key\r\n\r\n',
    'password: |\n',
    'password:\n',
    '  password:\n\n\n',
    'name: password\nvalue: ',
    'a b c:',
    "'",
  );
  let worst = 0;
  let slowest = '';
  for (const unit of units) {
    for (const tail of ['', '"', '@']) {
      const text = unit.repeat(Math.ceil(200_000 / unit.length)) + tail;
      const from = process.threadCpuUsage();
      redact.text(text);
      redact.url(text.slice(0, 20_000));
      const took = process.threadCpuUsage(from).user / 1000;
      if (took > worst) slowest = `${unit}…${tail}`;
      worst = Math.max(worst, took);
    }
  }
  // Looking back or ahead from every character would be 10¹⁰ steps: half a minute.
  t.ok(worst < 2000, `slowest: ${worst.toFixed(1)} ms of CPU (${slowest})`);
  t.end();
});
