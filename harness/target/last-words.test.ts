import t from 'tap';
import { boundedLines, lastWords } from './last-words.ts';

t.test('the end of what it wrote, with room for an error', async (t) => {
  const lines = Array.from({ length: 20 }, (_, at) => `${at} ${'x'.repeat(1_990)}`);
  const kept = boundedLines(lines);
  t.ok(kept.join('\n').length <= 2_500);
  t.match(kept.at(-1), /^19 x+ …$/);
  t.same(boundedLines(['a', 'b']), ['a', 'b']);
});

t.test('no secret leaves with it, not even one that is cut in two', async (t) => {
  const secret = 'c0rrecthorsebatterystaple-0123456789';
  process.env.SHOP_API_TOKEN = secret;
  t.teardown(() => delete process.env.SHOP_API_TOKEN);
  const words = await lastWords([
    `${'x'.repeat(390)} ${secret}`,
    'Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345',
    'Error: gone',
  ]);
  t.notMatch(words, /c0rrect|abcdefghij/);
  t.match(words, /^Its last lines:\n[\s\S]*Error: gone$/);
  t.equal(await lastWords([]), 'It wrote nothing.');
});
