/** Services that nobody wrote: handlers put together by a seed, each with work of its own, which keep so many bytes of each request. */
import { createRandom } from '../../agent/seeded-random.ts';

/** What a handler may do with a request's number; their text, types left out, goes into the service. */
const works: readonly ((n: number) => string)[] = [
  (n) => JSON.stringify(Array.from({ length: 8 + (n % 7) }, (_, i) => ({ id: n + i, name: `item ${i}`, tags: [i] }))),
  (n) =>
    String(
      [...String(n * 7919)]
        .map(Number)
        .sort((a, b) => b - a)
        .reduce((sum, digit, i) => sum + digit * i, 0),
    ),
  (n) =>
    `user-${n}@example.org`
      .replace(/([a-z]+)-(\d+)/g, '$2:$1')
      .split(/[,@]/)
      .join(';'),
  (n) => JSON.stringify(JSON.parse(`{"n":${n},"list":[${n % 5},2,3],"o":{"a":null,"b":"${n}"}}`).list),
  (n) => new URLSearchParams({ page: String(n % 100), sort: 'name', q: `term ${n % 13}` }).toString(),
  (n) => [...new Set(Array.from({ length: 20 }, (_, i) => (n * i) % 11))].join(),
  (n) => Buffer.from(`payload ${n}`).toString('base64') + Math.sqrt(n).toFixed(3),
  (n) => new Intl.NumberFormat('en').format(n * 3.7),
  (n) =>
    Object.entries({ a: n, b: `${n}`, c: [n] })
      .map(([key, value]) => `${key}=${value}`)
      .join('&'),
];

/** A kept object is a header of three words and one field of its own. */
const keptObjectBytes = 32;

/** @returns a module that listens at $PORT. @param bytesPerRequest kept, as small objects of a list */
export function driftingService(seed: number, bytesPerRequest: number): string {
  const random = createRandom(seed, 'drifting service');
  const count = 3 + random.below(4);
  const handlers = Array.from({ length: count }, (_, i) => {
    const work = works[random.below(works.length)]!;
    return `const handler${i} = ${work};`;
  });
  return `import { createServer } from 'node:http';
${handlers.join('\n')}
const handlers = [${handlers.map((_, i) => `handler${i}`).join(', ')}];
let kept = { next: null };
let owed = 0;
let n = 0;
createServer((request, response) => {
  n += 1;
  for (owed += ${bytesPerRequest}; owed >= ${keptObjectBytes}; owed -= ${keptObjectBytes}) kept = { next: kept };
  response.end(handlers[n % handlers.length](n));
}).listen(process.env.PORT, '127.0.0.1');
`;
}
