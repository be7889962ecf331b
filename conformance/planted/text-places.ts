/** Markup, code, configuration and logs with a name and its value in them. */
import { type BodyPlace, xmlEscape as x } from './body-places.ts';

const pct = encodeURIComponent;
const xml = 'application/xml';
const html = 'text/html; charset=utf-8';
/** An element cannot be called by every name. */
const tag = (name: string) => name.replace(/[^\p{L}\p{N}_.-]/gu, '_').replace(/^(?=[\d.-])/, '_');

const xmlPlaces: readonly BodyPlace[] = [
  ['XML element', xml, (n, v) => `<?xml version="1.0"?><user><${tag(n)}>${x(v)}</${tag(n)}></user>`],
  ['XML attribute', xml, (n, v) => `<user id="7" ${tag(n)}="${x(v)}"/>`],
  ['XML attribute, single quotes', xml, (n, v) => `<user ${tag(n)} = '${x(v)}'/>`],
  [
    'XML namespace',
    xml,
    (n, v) => `<wsse:User xmlns:wsse="urn:w"><wsse:${tag(n)} Type="text">${x(v)}</wsse:${tag(n)}></wsse:User>`,
  ],
  ['XML CDATA', xml, (n, v) => `<a><${tag(n)}><![CDATA[${v}]]></${tag(n)}></a>`],
  ['XML comment inside', xml, (n, v) => `<a><${tag(n)}><!-- x -->${x(v)}</${tag(n)}></a>`],
  ['XML child inside', xml, (n, v) => `<a><${tag(n)}>\n  <value>${x(v)}</value>\n</${tag(n)}></a>`],
  ['XML name and value attributes', xml, (n, v) => `<params><param name="${n}" value="${x(v)}"/></params>`],
  ['XML value and name attributes', xml, (n, v) => `<params><param value="${x(v)}" name="${n}"/></params>`],
  ['XML key attribute', xml, (n, v) => `<map><entry key="${n}">${x(v)}</entry></map>`],
  ['XML app settings', xml, (n, v) => `<appSettings><add key="${n}" value="${x(v)}" /></appSettings>`],
  ['XML name and value elements', xml, (n, v) => `<p><name>${n}</name><value>${x(v)}</value></p>`],
  ['XML key and value elements', xml, (n, v) => `<p><Key>${n}</Key>\n<Value>${x(v)}</Value></p>`],
  [
    'plist',
    'application/x-plist',
    (n, v) => `<plist version="1.0"><dict><key>${n}</key><string>${x(v)}</string></dict></plist>`,
  ],
  [
    'XML-RPC',
    'text/xml',
    (n, v) =>
      `<methodCall><methodName>m</methodName><params><param><value><struct><member><name>${n}</name><value><string>${x(v)}</string></value></member></struct></value></param></params></methodCall>`,
  ],
  [
    'SOAP',
    'application/soap+xml',
    (n, v) =>
      `<s:Envelope xmlns:s="urn:s"><s:Body><m:Login xmlns:m="urn:m"><m:${tag(n)}>${x(v)}</m:${tag(n)}></m:Login></s:Body></s:Envelope>`,
  ],
  ['XML as plain text', 'text/plain', (n, v) => `<a><${tag(n)}>${x(v)}</${tag(n)}></a>`],
  ['XML without type', '', (n, v) => `<a><${tag(n)}>${x(v)}</${tag(n)}></a>`],
  ['XML in JSON', 'application/json', (n, v) => JSON.stringify({ xml: `<a><${tag(n)}>${x(v)}</${tag(n)}></a>` })],
  ['XML in XML', xml, (n, v) => `<r>${x(`<a><${tag(n)}>${x(v)}</${tag(n)}></a>`)}</r>`],
  ['SAML attribute', xml, (n, v) => `<Attribute Name="${n}"><AttributeValue>${x(v)}</AttributeValue></Attribute>`],
];

const htmlPlaces: readonly BodyPlace[] = [
  ['HTML input', html, (n, v) => `<form><input type="hidden" name="${n}" value="${x(v)}"></form>`],
  ['HTML input, value before', html, (n, v) => `<input value="${x(v)}" type=text name="${n}">`],
  ['HTML input, single quotes', html, (n, v) => `<input name='${n}' value='${x(v)}'/>`],
  [
    'HTML input, unquoted',
    html,
    (n, v) => `<INPUT NAME=${n} VALUE=${x(v).replaceAll(' ', '&#32;').replaceAll('\n', '&#10;')}>`,
  ],
  ['HTML input, id', html, (n, v) => `<input id="${n}" value="${x(v)}">`],
  ['HTML meta', html, (n, v) => `<head><meta name="${n}" content="${x(v)}"></head>`],
  ['HTML meta, content before', html, (n, v) => `<head><meta content="${x(v)}" name="${n}"/></head>`],
  ['HTML textarea', html, (n, v) => `<textarea name="${n}">${x(v)}</textarea>`],
  ['HTML data attribute', html, (n, v) => `<div data-${tag(n)}="${x(v)}"></div>`],
  [
    'HTML script variable',
    html,
    (n, v) => `<script>var a = 1; var ${tag(n)} = "${v.replaceAll('\n', '\\n')}";</script>`,
  ],
  ['HTML script JSON', html, (n, v) => `<script>window.__STATE__ = ${JSON.stringify({ user: { [n]: v } })}</script>`],
  ['HTML script object', html, (n, v) => `<script>init({ id: 1, ${tag(n)}: '${v.replaceAll('\n', '\\n')}' })</script>`],
  ['HTML link', html, (n, v) => `<a href="/x?page=1&amp;${pct(n)}=${pct(v)}">x</a>`],
  ['HTML form action', html, (n, v) => `<form action="https://a.example/reset?${pct(n)}=${pct(v)}">`],
  ['HTML comment', html, (n, v) => `<p>x</p><!-- ${n}=${v} -->`],
  ['HTML terms', html, (n, v) => `<dl><dt>${n}</dt><dd>${x(v)}</dd></dl>`],
  ['HTML table', html, (n, v) => `<table><tr><th>${n}</th><td>${x(v)}</td></tr></table>`],
  ['HTML table, two cells', html, (n, v) => `<table><tr><td>${n}</td><td>${x(v)}</td></tr></table>`],
];

const text = 'text/plain';
const textPlaces: readonly BodyPlace[] = [
  ['environment', text, (n, v) => `A=1\n${n.toUpperCase()}=${v}\nB=2\n`],
  ['shell export', 'application/x-sh', (n, v) => `#!/bin/sh\nexport ${n}="${v}"\n`],
  ['line of a head', text, (n, v) => `Accept: */*\r\n${n}: ${v}\r\nX: y\r\n`],
  ['log line', text, (n, v) => `2024-05-01T10:00:00Z INFO login user=7 ${n}=${v} took=3ms\n`],
  ['logfmt', text, (n, v) => `level=info msg="logged in" ${n}="${v}" took=3ms\n`],
  ['log line, colon', text, (n, v) => `2024-05-01 10:00:00 DEBUG Auth - ${n}: ${v}\n`],
  ['log line, JSON', text, (n, v) => `2024-05-01 10:00:00 request ${JSON.stringify({ [n]: v })} done\n`],
  ['access log', text, (n, v) => `1.2.3.4 - - [01/May/2024] "GET /x?${pct(n)}=${pct(v)} HTTP/1.1" 200 5\n`],
  ['INI', text, (n, v) => `[auth]\n${n} = ${v}\n`],
  ['TOML', 'application/toml', (n, v) => `[auth]\n${n} = "${v}"\nx = 1\n`],
  ['properties', text, (n, v) => `app.${n}: ${v}\n`],
  ['CSV', 'text/csv', (n, v) => `id,${n},name\n7,"${v}",x\n8,"${v}",y\n`],
  ['TSV', 'text/tab-separated-values', (n, v) => `id\t${n}\tname\n7\t${v}\tx\n`],
  ['command line', text, (n, v) => `tool --user a --${n} '${v}' --x\n`],
  ['command line, sign', text, (n, v) => `tool --user a --${n}='${v}' --x\n`],
  ['curl', text, (n, v) => `curl -H '${n}: ${v}' https://a.example/\n`],
  ['JavaScript', 'text/javascript', (n, v) => `const config = { id: 1, '${n}': '${v.replaceAll('\n', '\\n')}' };\n`],
  ['Python', 'text/x-python', (n, v) => `user = 1\n${n} = '${v.replaceAll('\n', '\\n')}'\n`],
  ['Python dictionary', text, (n, v) => `{'id': 1, '${n}': '${v.replaceAll('\n', '\\n')}', 'ok': True}`],
  ['Ruby hash', text, (n, v) => `{:id=>1, :${n}=>"${v.replaceAll('\n', '\\n')}"}`],
  ['PHP array', text, (n, v) => `Array\n(\n    [id] => 1\n    [${n}] => ${v}\n)\n`],
  ['PHP serialized', text, (n, v) => `a:1:{s:${Buffer.byteLength(n)}:"${n}";s:${v.length}:"${v}";}`],
  ['PHP variable', text, (n, v) => `$id = 1;\n$${n} = "${v}";\n`],
  ['Java record', text, (n, v) => `User[id=7, ${n}=${v}, name=x]`],
  ['Go struct', text, (n, v) => `{id:7 ${n}:${v} name:x}`],
  ['Markdown', 'text/markdown', (n, v) => `- **${n}**: \`${v}\`\n`],
  ['events', 'text/event-stream', (n, v) => `event: login\ndata: ${JSON.stringify({ [n]: v })}\n\n`],
  ['Docker', text, (n, v) => `FROM x\nENV ${n}=${v}\n`],
  ['URL', text, (n, v) => `https://a.example/x?id=1&${pct(n)}=${pct(v)}#top`],
  ['URLs', 'text/uri-list', (n, v) => `https://a.example/\r\nhttps://a.example/x#${pct(n)}=${pct(v)}\r\n`],
  ['CSS', 'text/css', (n, v) => `a { background: url("/x?${pct(n)}=${pct(v)}") }`],
  ['wrong type', 'image/png', (n, v) => `id=7&${pct(n)}=${pct(v)}`],
  ['latin-1 beside it', 'text/plain; charset=iso-8859-1', (n, v) => `caf\u00e9: 1\n${n}: ${v}\n`],
];

export const markupPlaces: readonly BodyPlace[] = [...xmlPlaces, ...htmlPlaces, ...textPlaces];
