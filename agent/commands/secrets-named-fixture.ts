/** Places where a name stands beside the secret. For tests only. */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import {
  answered,
  asked,
  base64,
  chunked,
  type Exchange,
  encoded,
  entities,
  get,
  headerName,
  indented,
  json,
  ok,
  oneLine,
  part,
  received,
  sent,
  twice,
  withField,
  xmlName,
} from './secrets-exchange-fixture.ts';

type Place = (name: string, secret: string) => Exchange;

const JSON_TYPE = 'application/json';
const member = (name: string, secret: string) => json({ id: 1, [name]: secret, z: [2] });
/** A body in both messages: a type's two ways through the agent. */
const both = (type: string, body: string | Buffer, fields = ''): Exchange => ({
  request: sent(type, body, fields).request,
  response: received(type, body, fields).response,
});

const inTargets: Record<string, Place> = {
  query: (n, s) => asked(`/q?a=1&${encoded(n)}=${encoded(s)}&b=2`),
  'query encoded twice': (n, s) => asked(`/q?a=1&next=${twice(`${n}=${s}`)}&b=2`),
  'query name encoded twice': (n, s) => asked(`/q?${twice(n)}=${twice(s)}`),
  'JSON in a query': (n, s) => asked(`/q?filter=${encoded(member(n, s))}`),
  'URL in a query': (n, s) => asked(`/q?redirect_uri=${encoded(`https://x.example/cb?${encoded(n)}=${encoded(s)}`)}`),
  'fragment of a URL in a query': (n, s) =>
    asked(`/q?to=${encoded(`https://x.example/cb#${encoded(n)}=${encoded(s)}`)}`),
  'matrix parameter': (n, s) => asked(`/m;${encoded(n)}=${encoded(s)}/x`),
  'path behind the name': (n, s) => asked(`/v1/${encoded(n)}/${encoded(s)}`),
  'URL in full': (n, s) => asked(`http://api.example/q?${encoded(n)}=${encoded(s)}`),
};

const inFields: Record<string, Place> = {
  header: (n, s) => withField(`${headerName(n)}: ${oneLine(s)}`),
  'response header': (n, s) => answered(`${headerName(n)}: ${oneLine(s)}`),
  'header with a prefix': (n, s) => withField(`X-Forwarded-${headerName(n)}: ${oneLine(s)}`),
  'parameter of a header': (n, s) => withField(`X-Context: a=1; ${headerName(n)}="${oneLine(s)}"; b=2`),
  'JSON in a header': (n, s) => withField(`X-Context: ${json({ [headerName(n)]: oneLine(s) })}`),
  'JSON in Base64 in a header': (n, s) => withField(`X-Context: ${base64(json({ [n]: s }))}`),
  cookie: (n, s) => ({
    request: get('/c', `\r\nCookie: a=b; ${headerName(n)}=${encoded(s)}; c=d`),
    response: ok(`\r\nSet-Cookie: ${headerName(n)}=${encoded(s)}; Path=/; HttpOnly`),
  }),
  referer: (n, s) => ({
    request: get('/r', `\r\nReferer: https://x.example/?${encoded(n)}=${encoded(s)}`),
    response: ok(`\r\nLocation: /next?${encoded(n)}=${encoded(s)}`),
  }),
  'fragment of Location': (n, s) => answered(`Location: https://x.example/cb#a=1&${encoded(n)}=${encoded(s)}`),
  'Location in a Location': (n, s) => answered(`Location: /l?next=${encoded(`/cb?${encoded(n)}=${encoded(s)}`)}`),
  'Link field': (n, s) => answered(`Link: <https://x.example/?${encoded(n)}=${encoded(s)}>; rel="next"`),
  'Refresh field': (n, s) => answered(`Refresh: 5; url=https://x.example/?${encoded(n)}=${encoded(s)}`),
  'X-Original-URL field': (n, s) => withField(`X-Original-URL: /o?${encoded(n)}=${encoded(s)}`),
  'attribute of Set-Cookie': (n, s) => answered(`Set-Cookie: a=b; Path=/p?${encoded(n)}=${encoded(s)}; HttpOnly`),
  'reason phrase': (n, s) => ({ request: get('/r'), response: ok('', '', `OK ${headerName(n)}=${encoded(s)}`) }),
  'parameter of the media type': (n, s) => received(`text/plain; ${headerName(n)}="${oneLine(s)}"`, 'x'),
  'chunk extension': (n, s) => chunked('text/plain', 'body', `;${headerName(n)}=${encoded(s)}`),
  trailer: (n, s) => chunked('text/plain', 'body', '', `${headerName(n)}: ${oneLine(s)}\r\n`),
};

const inJson: Record<string, Place> = {
  'JSON member': (n, s) => both(JSON_TYPE, member(n, s)),
  'deep JSON member': (n, s) => both(JSON_TYPE, json({ a: [{ b: { [n]: [s, { c: s }] } }] })),
  'JSON without its type': (n, s) => sent('', json({ [n]: s, z: 1 })),
  'JSON under another type': (n, s) => received('text/html', json({ [n]: s, z: 1 }, null, 2)),
  'JSON labelled as a form': (n, s) => both('application/x-www-form-urlencoded', member(n, s)),
  'indented JSON': (n, s) => both(JSON_TYPE, json({ a: { [n]: s } }, null, 4)),
  'JSON in JSON': (n, s) => both(JSON_TYPE, json({ log: member(n, s) })),
  'JSON in JSON in JSON': (n, s) => both(JSON_TYPE, json({ log: json({ log: member(n, s) }) })),
  'JSON four deep': (n, s) => both(JSON_TYPE, json({ log: json({ log: json({ log: member(n, s) }) }) })),
  'JSON in Base64 in JSON': (n, s) => both(JSON_TYPE, json({ blob: base64(member(n, s)) })),
  'form in JSON': (n, s) => both(JSON_TYPE, json({ raw: `a=1&${encoded(n)}=${encoded(s)}&b=2` })),
  'form in Base64 in JSON': (n, s) => both(JSON_TYPE, json({ raw: base64(`a=1&${n}=${encoded(s)}&b=2`) })),
  'URL in JSON': (n, s) => both(JSON_TYPE, json({ href: `https://x.example/?${encoded(n)}=${encoded(s)}&b=2` })),
  'XML in JSON': (n, s) => both(JSON_TYPE, json({ xml: `<a><${xmlName(n)}>${s}</${xmlName(n)}></a>` })),
  'YAML in JSON': (n, s) => both(JSON_TYPE, json({ file: `a: 1\n${n}: ${json(s)}\nb: 2\n` })),
  'HTTP in JSON': (n, s) => both(JSON_TYPE, json({ raw: `GET / HTTP/1.1\r\n${headerName(n)}: ${oneLine(s)}\r\n\r\n` })),
  'JSON with escaped letters': (n, s) =>
    both(
      JSON_TYPE,
      json({ [n]: s }).replace(/[a-z]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ),
  'JSON that is cut': (n, s) => both(JSON_TYPE, `{"a":1,${json(n)}:${json(s)},"b":`),
  'JSON cut in the secret': (n, s) => both(JSON_TYPE, `{"a":1,${json(n)}:${json(s).slice(0, -1)}`),
  'several JSON documents': (n, s) => both('application/x-ndjson', `{"a":1}\n${json({ [n]: s })}\n`),
  'large JSON': (n, s) => both(JSON_TYPE, json({ filler: 'lorem ipsum '.repeat(4_000), [n]: s })),
  'chunked JSON': (n, s) => chunked(JSON_TYPE, json({ [n]: s })),
  'gzipped JSON': (n, s) => received(JSON_TYPE, gzipSync(json({ [n]: s })), '\r\nContent-Encoding: gzip'),
  'brotli JSON': (n, s) => sent(JSON_TYPE, brotliCompressSync(json({ [n]: s })), '\r\nContent-Encoding: br'),
  'UTF-16 JSON': (n, s) => received(`${JSON_TYPE}; charset=utf-16le`, Buffer.from(json({ [n]: s }), 'utf16le')),
  JSONP: (n, s) => received('application/javascript', `callback(${json({ [n]: s })});`),
  'JSON behind a guard': (n, s) => received(JSON_TYPE, `)]}',\n${json({ [n]: s })}`),
  'GraphQL in JSON': (n, s) =>
    both(JSON_TYPE, json({ query: `mutation { login(name: "x", ${headerName(n)}: ${json(s)}) { id } }` })),
  'GraphQL variables': (n, s) => both(JSON_TYPE, json({ query: 'q', variables: { input: { [n]: s } } })),
  GraphQL: (n, s) => sent('application/graphql', `mutation { login(${headerName(n)}: ${json(s)}) { id } }`),
  'event stream': (n, s) => received('text/event-stream', `event: x\ndata: ${json({ [n]: s })}\n\n`),
};

const inPairs: Record<string, Place> = {
  'name and value': (n, s) => both(JSON_TYPE, json([{ name: n, value: s }])),
  'Name and Value': (n, s) => both(JSON_TYPE, json({ Items: [{ Name: n, Type: 'x', Value: s }] })),
  'key and value': (n, s) => both(JSON_TYPE, json([{ id: 3, key: n, value: s }])),
  'k and v': (n, s) => both(JSON_TYPE, json([{ k: n, v: s }])),
  'value before name': (n, s) => both(JSON_TYPE, json([{ value: s, kind: 'x', name: n }])),
  'header and value': (n, s) => both(JSON_TYPE, json([{ header: n, value: s }])),
  'field and content': (n, s) => both(JSON_TYPE, json([{ field: n, content: s }])),
  'JSON Patch': (n, s) => both('application/json-patch+json', json([{ op: 'replace', path: `/user/${n}`, value: s }])),
  'pairs in JSON in JSON': (n, s) => both(JSON_TYPE, json({ log: json([{ name: n, value: s }]) })),
  'list of lists': (n, s) =>
    both(
      JSON_TYPE,
      json({
        headers: [
          ['Host', 'x'],
          [n, s],
        ],
      }),
    ),
  'names and values in turn': (n, s) => both(JSON_TYPE, json({ rawHeaders: ['Host', 'x', n, `${s}; x`] })),
  'XML name and value': (n, s) => both('text/xml', `<a><name>${n}</name><value>${s}</value></a>`),
  'XML value and name': (n, s) => both('text/xml', `<a><value>${s}</value><name>${n}</name></a>`),
  'XML attributes': (n, s) =>
    both('text/xml', `<a><property name="${n}" value="${s}"/><add value='${s}' key='${n}'/></a>`),
  'XML entry': (n, s) => both('text/xml', `<map><entry key="${n}">${s}</entry></map>`),
  plist: (n, s) => both('application/xml', `<plist><dict><key>${n}</key><string>${s}</string></dict></plist>`),
  'plist with a list': (n, s) =>
    both('application/xml', `<dict><key>${n}</key><array>\n<string>a</string>\n<string>${s}</string></array></dict>`),
  'XML-RPC': (n, s) => both('text/xml', `<member><name>${n}</name><value><string>${s}</string></value></member>`),
  'HTML input': (n, s) => received('text/html', `<html><input type="text" name="${n}" value="${s}"></html>`),
  'HTML input, turned round': (n, s) => received('text/html', `<html><input value='${s}' id=${xmlName(n)}></html>`),
  'HTML meta': (n, s) => received('text/html', `<html><meta name="${n}" content="${s}"></html>`),
  'HTML text area': (n, s) => received('text/html', `<html><textarea name="${n}">${s}</textarea></html>`),
  'HTML data attribute': (n, s) => received('text/html', `<html><div data-${xmlName(n)}="${s}"></div></html>`),
  'HTML table': (n, s) => received('text/html', `<table><tr><th>${n}</th><td>${s}</td></tr></table>`),
  'HTML list': (n, s) => received('text/html', `<dl><dt>${n}</dt><dd>${s}</dd></dl>`),
  'JSON in an HTML attribute': (n, s) => received('text/html', `<div data-x="${entities(json({ [n]: s }))}"></div>`),
  'JSON in a script': (n, s) => received('text/html', `<script>window.x = ${json({ [n]: s })};</script>`),
  'YAML name and value': (n, s) => both('application/yaml', `env:\n- name: ${n}\n  value: ${json(s)}\n`),
  'INI name and value': (n, s) => both('text/plain', `name=${n}\nvalue=${s}\n`),
};

const inText: Record<string, Place> = {
  form: (n, s) => both('application/x-www-form-urlencoded', `a=1&${encoded(n)}=${encoded(s)}&b=2`),
  'form encoded twice': (n, s) => both('application/x-www-form-urlencoded', `a=${twice(`x=1&${n}=${s}`)}`),
  'JSON in a form': (n, s) => both('application/x-www-form-urlencoded', `payload=${encoded(member(n, s))}`),
  'JSON in Base64 in a form': (n, s) =>
    both('application/x-www-form-urlencoded', `payload=${encoded(base64(member(n, s)))}`),
  'form without its type': (n, s) => both('text/plain', `a=1&${encoded(n)}=${encoded(s)}&b=2`),
  multipart: (n, s) => part(`name="${n}"`, s),
  'multipart, unquoted': (n, s) => part(`name=${encoded(n)}`, s),
  'multipart, extended': (n, s) => part(`name*=UTF-8''${encoded(n)}`, s),
  'multipart with JSON': (n, s) => part('name="body"', member(n, s), '\r\nContent-Type: application/json'),
  'multipart without its type': (n, s) =>
    both('text/plain', `--b0\r\nContent-Disposition: form-data; name=${encoded(n)}\r\n\r\n${s}\r\n--b0--\r\n`),
  YAML: (n, s) => both('application/yaml', `user: x\n${n}: ${json(s)}\nz: 1\n`),
  'plain YAML': (n, s) => both('application/yaml', `user: x\n${n}: ${indented(s)}\nz: 1\n`),
  'YAML block': (n, s) => both('application/yaml', `a:\n  ${n}: |\n    ${indented(s)}\n    ${indented(s)}\n  b: 1\n`),
  'folded YAML block': (n, s) => both('text/yaml', `${n}: >-\n  first\n\n  ${indented(s)}\nb: 1\n`),
  'YAML list': (n, s) => both('application/yaml', `${n}:\n- a\n- ${json(s)}\nb: 1\n`),
  'YAML map': (n, s) => both('application/yaml', `${n}:\n  x: ${json(s)}\nb: 1\n`),
  'YAML flow': (n, s) => both('application/yaml', `a: {${json(n)}: ${json(s)}}\n`),
  'YAML as text': (n, s) => both('text/plain', `a:\n  ${n}: |\n    ${indented(s)}\n    ${indented(s)}\n  b: 1\n`),
  'XML element': (n, s) => both('application/xml', `<r><${xmlName(n)}>${s}</${xmlName(n)}></r>`),
  'XML attribute': (n, s) => both('application/xml', `<r><a x="1" ${xmlName(n)}="${s}"/></r>`),
  'XML with a namespace': (n, s) => both('text/xml', `<r><w:${xmlName(n)} t="x">${s}</w:${xmlName(n)}></r>`),
  'XML CDATA': (n, s) => both('text/xml', `<r><${xmlName(n)}><![CDATA[${s}]]></${xmlName(n)}></r>`),
  'XML elements within': (n, s) => both('text/xml', `<${xmlName(n)}><a>1</a><b>${s}</b></${xmlName(n)}>`),
  'XML in XML': (n, s) => both('text/xml', `<r>${entities(`<${xmlName(n)}>${s}</${xmlName(n)}>`)}</r>`),
  log: (n, s) => both('text/plain', `2024-01-01 INFO login ${n}=${s}; and goes on\n`),
  'log with a colon': (n, s) => both('text/plain', `2024-01-01 INFO ${n}: ${s}\nnext line\n`),
  'log with quotes': (n, s) => both('text/plain', `level=info ${n}="${s}" user=x\n`),
  'a Python dictionary': (n, s) => both('text/plain', `{'a': 1, '${n}': '${s}'}\n`),
  'a JavaScript object': (n, s) => both('text/plain', `config = { a: 1, ${xmlName(n)}: '${s}' }\n`),
  'a Ruby hash': (n, s) => both('text/plain', `{"a"=>1, "${n}"=>"${s}"}\n`),
  'a PHP array': (n, s) => both('text/plain', `Array\n(\n    [${n}] => ${s}\n)\n`),
  'environment file': (n, s) => both('text/plain', `A=1\nexport ${xmlName(n)}="${s}"\nB=2\n`),
  INI: (n, s) => both('text/plain', `[a]\n${n} = ${s}\nb = 1\n`),
  'aligned settings': (n, s) => both('text/plain', `${n}          : ${s}\nb               : 1\n`),
  command: (n, s) => both('text/plain', `run --${xmlName(n)} ${oneLine(s)} --fast\nrun --${xmlName(n)}=${s}\n`),
  'header dump': (n, s) => both('text/plain', `GET / HTTP/1.1\nHost: x\n${headerName(n)}: ${oneLine(s)}\n\n`),
  'connection string': (n, s) => both('text/plain', `Server=db;Uid=sa;${n}=${s};Encrypt=1`),
  'PHP serialized': (n, s) => both('text/plain', `a:1:{s:${n.length}:"${n}";s:${s.length}:"${s}";}`),
  'XML element with a value': (n, s) => both('text/xml', `<r><${xmlName(n)} value="${s}"/></r>`),
  'multipart, single quotes': (n, s) =>
    both('text/plain', `--b\nContent-Disposition: form-data; name='${n}'\n\n${s}\n--b--`),
  CSV: (n, s) => both('text/csv', `id,"${n}",b\r\n1,${s},x\r\n2,"${s}",y\r\n`),
  'text under an unknown type': (n, s) => both('application/x-thing', `${n}=${s}\n`),
};

export const namedPlaces: Record<string, Place> = { ...inTargets, ...inFields, ...inJson, ...inPairs, ...inText };
