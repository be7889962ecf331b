/** Ordinary bodies stay as they are: a rule that takes them for secrets shows here. */
import t from 'tap';
import { bothWays } from '../encode/json-sealer.fuzz.ts';
import { Obfuscator } from './obfuscation.ts';
import { ORDINARY_JSON, ORDINARY_TEXTS } from './ordinary-fixture.ts';

t.test('as JSON values', async (t) => {
  for (const [what, value] of Object.entries(ORDINARY_JSON)) {
    const body = Buffer.from(JSON.stringify(value));
    const { ours, reference } = bothWays(body, 'redact');
    const plain = bothWays(body, 'off');
    t.equal(ours?.[2], 0, `${what}: values redacted`);
    t.equal(reference?.[2], 0);
    // Shape, types, formats and all.
    t.equal(ours?.[0], plain.ours?.[0], `${what}: digest`);
  }
});

t.test('as text', async (t) => {
  const obfuscator = new Obfuscator('redact', Buffer.alloc(32));
  for (const [what, value] of Object.entries(ORDINARY_JSON)) {
    for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2), JSON.stringify(JSON.stringify(value))]) {
      t.equal(obfuscator.text(text, 'application/json'), text, what);
    }
  }
  for (const [what, text] of Object.entries(ORDINARY_TEXTS)) t.equal(obfuscator.text(text), text, what);
  for (const url of ['/api/v1/users/1234567?page=2&sort=-name&code=US', '/oauth/authorize/step-2', '/reset/password'])
    t.equal(obfuscator.url(url), url);
  for (const protocols of ['graphql-transport-ws', 'chat, superchat', 'v12.stomp, v11.stomp', 'ocpp1.6', 'mqtt'])
    t.equal(obfuscator.pair('header', 'Sec-WebSocket-Protocol', protocols), protocols);
});
