/** Bodies of many formats with a name and its value in them. */

/** A format, its content type, and a body with the name and the value. */
export type BodyPlace = readonly [label: string, type: string, render: (name: string, value: string) => string];

const json = JSON.stringify;
const jsonType = 'application/json';
const pct = encodeURIComponent;
const formType = 'application/x-www-form-urlencoded';
const yamlType = 'application/yaml';
export const xmlEscape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const unicodeEscape = (text: string) =>
  [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const nested = (depth: number, inner: unknown): unknown =>
  depth === 0 ? inner : { [`level${depth}`]: nested(depth - 1, inner) };
const inJson = (depth: number, n: string, v: string): string =>
  depth === 0 ? json({ [n]: v }) : json({ payload: inJson(depth - 1, n, v) });

const jsonPlaces: readonly BodyPlace[] = [
  ['JSON', jsonType, (n, v) => json({ id: 7, [n]: v, ok: true })],
  ['JSON, eight deep', jsonType, (n, v) => json(nested(8, { [n]: v }))],
  ['JSON, objects in an array', jsonType, (n, v) => json([{ id: 1 }, { id: 2, [n]: v }])],
  [
    'JSON, pairs as arrays',
    jsonType,
    (n, v) =>
      json([
        ['id', '1'],
        [n, v],
      ]),
  ],
  ['JSON, name and value', jsonType, (n, v) => json({ fields: [{ name: n, value: v }] })],
  ['JSON, value and name', jsonType, (n, v) => json({ fields: [{ value: v, name: n }] })],
  ['JSON, Name and Value', jsonType, (n, v) => json([{ Name: n, Value: v }])],
  ['JSON, key and value', jsonType, (n, v) => json([{ key: n, value: v }])],
  ['JSON, Key and Value, others between', jsonType, (n, v) => json([{ Key: n, Type: 'String', Version: 3, Value: v }])],
  ['JSON, field and new value', jsonType, (n, v) => json({ field: n, oldValue: '', newValue: v })],
  ['JSON, value inside', jsonType, (n, v) => json({ [n]: { value: v, updated: '2024-01-01' } })],
  ['JSON, array inside', jsonType, (n, v) => json({ [n]: [v, v] })],
  ['JSON, in JSON', jsonType, (n, v) => inJson(1, n, v)],
  ['JSON, two deep in JSON', jsonType, (n, v) => inJson(2, n, v)],
  ['JSON, three deep in JSON', jsonType, (n, v) => inJson(3, n, v)],
  ['JSON, name escaped', jsonType, (n, v) => `{"${unicodeEscape(n)}":${json(v)}}`],
  ['JSON, value escaped', jsonType, (n, v) => `{${json(n)}:"${unicodeEscape(v[0]!)}${json(v.slice(1)).slice(1)}}`],
  ['JSON, with blanks', jsonType, (n, v) => `{\r\n\t${json(n)} :\r\n\t\t${json(v)}\r\n}`],
  ['JSON, byte order mark', jsonType, (n, v) => `\ufeff${json({ [n]: v })}`],
  ['JSON, as plain text', 'text/plain', (n, v) => json({ [n]: v })],
  ['JSON, as bytes', 'application/octet-stream', (n, v) => json({ [n]: v })],
  ['JSON, without type', '', (n, v) => json({ [n]: v })],
  ['JSON, as a form', formType, (n, v) => json({ [n]: v })],
  [
    'JSON, vendor type',
    'application/vnd.api.v2+json; charset=utf-8',
    (n, v) => json({ data: { attributes: { [n]: v } } }),
  ],
  ['JSONP', 'application/javascript', (n, v) => `/**/cb(${json({ [n]: v })});`],
  ['JSON, guarded', jsonType, (n, v) => `)]}',\n${json({ [n]: v })}`],
  ['NDJSON', 'application/x-ndjson', (n, v) => `{"id":1}\n${json({ id: 2, [n]: v })}\n{"id":3}\n`],
  ['JSON sequence', 'application/json-seq', (n, v) => `\x1e{"id":1}\n\x1e${json({ [n]: v })}\n`],
  ['JSON, single quotes', jsonType, (n, v) => `{'${n}': '${v}'}`],
  ['JSON5', 'application/json5', (n, v) => `{ id: 1, "${n}": '${v}', }`],
  ['JSON, cut short', jsonType, (n, v) => json({ [n]: v, rest: 1 }).slice(0, -6)],
  ['JSON, cut in its value', jsonType, (n, v) => json({ [n]: v }).slice(0, -2)],
  ['JSON Patch', 'application/json-patch+json', (n, v) => json([{ op: 'replace', path: `/user/${n}`, value: v }])],
  ['JSON-RPC', jsonType, (n, v) => json({ jsonrpc: '2.0', id: 1, method: 'login', params: { [n]: v } })],
  ['JSON, URL in it', jsonType, (n, v) => json({ next: `https://api.example/x?page=1&${pct(n)}=${pct(v)}` })],
  ['JSON, line of a head in it', jsonType, (n, v) => json({ log: `POST /x\r\n${n}: ${v}\r\nAccept: */*` })],
  ['JSON, headers as a list', jsonType, (n, v) => json({ headers: ['accept', '*/*', n, v] })],
  ['JSON, camel-cased prefix', jsonType, (n, v) => json({ [`user${n[0]!.toUpperCase()}${n.slice(1)}`]: v })],
  ['JSON, prefix and upper case', jsonType, (n, v) => json({ [`APP_${n.toUpperCase()}`]: v })],
  ['JSON, number behind', jsonType, (n, v) => json({ [`${n}_2`]: v })],
  ['JSON, dotted', jsonType, (n, v) => json({ [`spring.app.${n}`]: v })],
  ['JSON, with dashes', jsonType, (n, v) => json({ [n.replaceAll('_', '-')]: v })],
  ['JSON, environment', jsonType, (n, v) => json({ Env: ['PATH=/bin', `${n.toUpperCase()}=${v}`] })],
  ['JSON, schema and default', jsonType, (n, v) => json({ properties: { [n]: { type: 'string', default: v } } })],
];

const graphPlaces: readonly BodyPlace[] = [
  [
    'GraphQL variables',
    jsonType,
    (n, v) => json({ query: 'mutation M($i: I!) { m(i: $i) { id } }', variables: { i: { [n]: v } } }),
  ],
  ['GraphQL argument', jsonType, (n, v) => json({ query: `mutation { login(user: "a", ${n}: ${json(v)}) { id } }` })],
  ['GraphQL argument, plain', 'application/graphql', (n, v) => `mutation {\n  login(${n}: ${json(v)}) { id }\n}`],
  ['GraphQL block string', 'application/graphql', (n, v) => `mutation { login(${n}: """${v}""") { id } }`],
];

const yamlPlaces: readonly BodyPlace[] = [
  ['YAML', yamlType, (n, v) => `id: 7\n${n}: ${v}\nok: true\n`],
  ['YAML, quoted', yamlType, (n, v) => `user:\n  "${n}": "${v}"\n`],
  ['YAML, single quotes', yamlType, (n, v) => `user:\n  '${n}': '${v}'\n`],
  ['YAML, literal block', yamlType, (n, v) => `${n}: |\n  ${v.replaceAll('\n', '\n  ')}\nnext: 1\n`],
  ['YAML, folded block', yamlType, (n, v) => `a:\n  ${n}: >-\n    ${v.replaceAll('\n', '\n    ')}\n  next: 1\n`],
  ['YAML, name and value', yamlType, (n, v) => `env:\n  - name: ${n}\n    value: ${v}\n  - name: x\n    value: y\n`],
  ['YAML, flow', yamlType, (n, v) => `a: {b: 1, ${n}: "${v}"}\n`],
  ['YAML, list', yamlType, (n, v) => `${n}:\n  - ${v}\n  - ${v}\n`],
  ['YAML, anchor and tag', yamlType, (n, v) => `${n}: &a !!str "${v}"\n`],
  ['YAML, next line', yamlType, (n, v) => `${n}:\n  ${v}\nnext: 1\n`],
  ['YAML, complex key', yamlType, (n, v) => `? ${n}\n: "${v}"\n`],
  ['YAML, later document', 'text/yaml', (n, v) => `a: 1\n---\n${n}: "${v}"\n`],
  ['YAML, list of maps', yamlType, (n, v) => `users:\n- ${n}: "${v}"\n  id: 1\n`],
];

const formPlaces: readonly BodyPlace[] = [
  ['form', formType, (n, v) => `id=7&${pct(n)}=${pct(v)}&ok=1`],
  ['form, plus for blanks', formType, (n, v) => `${pct(n)}=${pct(v).replaceAll('%20', '+')}`],
  ['form, as plain text', 'text/plain', (n, v) => `id=7&${pct(n)}=${pct(v)}&ok=1`],
  ['form, without type', '', (n, v) => `id=7&${pct(n)}=${pct(v)}`],
  ['form, as JSON', jsonType, (n, v) => `id=7&${pct(n)}=${pct(v)}`],
  ['form, array', formType, (n, v) => `${pct(n)}[]=${pct(v)}&${pct(n)}[]=b`],
  ['form, nested', formType, (n, v) => `user[${pct(n)}]=${pct(v)}`],
  ['form, nested and encoded', formType, (n, v) => `user%5B${pct(n)}%5D=${pct(v)}`],
  ['form, JSON in it', formType, (n, v) => `payload=${pct(json({ [n]: v }))}`],
  ['form, JSON in JSON in it', formType, (n, v) => `payload=${pct(inJson(1, n, v))}`],
  ['form, URL in it', formType, (n, v) => `next=${pct(`https://a.example/?${pct(n)}=${pct(v)}`)}`],
  ['form, encoded twice', formType, (n, v) => `${pct(pct(n))}=${pct(pct(v))}`],
  [
    'form, every letter of the name encoded',
    formType,
    (n, v) => `${[...Buffer.from(n)].map((b) => `%${b.toString(16).padStart(2, '0')}`).join('')}=${pct(v)}`,
  ],
  ['form, text enctype', 'text/plain', (n, v) => `id=7\r\n${n}=${v}\r\nok=1\r\n`],
  ['form, form in it', formType, (n, v) => `body=${pct(`id=1&${pct(n)}=${pct(v)}`)}`],
  ['form, name and value', formType, (n, v) => `name=${pct(n)}&value=${pct(v)}`],
  ['form, name and value, encoded', formType, (n, v) => `n%61me=${pct(n)}&v%61lue=${pct(v)}`],
];

const part = (head: string, body: string, end = '\r\n') =>
  `--b0und${end}${head}${end}${end}${body}${end}--b0und--${end}`;
const partType = 'multipart/form-data; boundary=b0und';
const partPlaces: readonly BodyPlace[] = [
  ['part', partType, (n, v) => part(`Content-Disposition: form-data; name="${n}"`, v)],
  ['part, unquoted name', partType, (n, v) => part(`Content-Disposition: form-data; name=${n}`, v)],
  ['part, single quotes', partType, (n, v) => part(`Content-Disposition: form-data; name='${n}'`, v)],
  ['part, extended name', partType, (n, v) => part(`Content-Disposition: form-data; name*=UTF-8''${pct(n)}`, v)],
  ['part, upper case', partType, (n, v) => part(`CONTENT-DISPOSITION: FORM-DATA; NAME="${n}"`, v)],
  ['part, blanks about the sign', partType, (n, v) => part(`Content-Disposition:form-data ;  name = "${n}"`, v)],
  [
    'part, type before',
    partType,
    (n, v) => part(`Content-Type: text/plain\r\nContent-Disposition: form-data; name="${n}"`, v),
  ],
  ['part, folded', partType, (n, v) => part(`Content-Disposition: form-data;\r\n name="${n}"`, v)],
  [
    'part, file name before',
    partType,
    (n, v) => part(`Content-Disposition: form-data; filename="a.txt"; name="${n}"`, v),
  ],
  ['part, lines end in LF', partType, (n, v) => part(`Content-Disposition: form-data; name="${n}"`, v, '\n')],
  [
    'part, quoted boundary',
    'multipart/form-data; boundary="b0und"',
    (n, v) => part(`Content-Disposition: form-data; name="${n}"`, v),
  ],
  ['part, no last boundary', partType, (n, v) => part(`Content-Disposition: form-data; name="${n}"`, v).slice(0, -13)],
  ['part, without type', '', (n, v) => part(`Content-Disposition: form-data; name="${n}"`, v)],
  [
    'part, JSON in it',
    partType,
    (n, v) => part('Content-Disposition: form-data; name="meta"\r\nContent-Type: application/json', json({ [n]: v })),
  ],
  [
    'part, environment file in it',
    partType,
    (n, v) => part('Content-Disposition: form-data; name="f"; filename=".env"', `A=1\n${n.toUpperCase()}=${v}\n`),
  ],
  [
    'part, nested',
    partType,
    (n, v) =>
      part(
        'Content-Disposition: form-data; name="x"\r\nContent-Type: multipart/mixed; boundary=in',
        `--in\r\nContent-Disposition: form-data; name="${n}"\r\n\r\n${v}\r\n--in--`,
      ),
  ],
  [
    'part, related',
    'multipart/related; boundary=b0und',
    (n, v) => part('Content-Type: application/json', json({ [n]: v })),
  ],
  [
    'part, HTTP in it',
    'multipart/mixed; boundary=b0und',
    (n, v) => part('Content-Type: application/http', `GET /x?${pct(n)}=${pct(v)} HTTP/1.1\r\nHost: a`),
  ],
];

export const bodyPlaces: readonly BodyPlace[] = [
  ...jsonPlaces,
  ...graphPlaces,
  ...yamlPlaces,
  ...formPlaces,
  ...partPlaces,
];
