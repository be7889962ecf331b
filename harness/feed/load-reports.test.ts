import t from 'tap';
import { readAnswers, readUnanswered } from './load-reports.ts';

t.test('what load generators say of their answers', async (t) => {
  const cases: [string, string, { total: number; not2xx: number; isEstimate?: boolean }][] = [
    [
      'autocannon',
      '\u001b[1m150 2xx responses, 1,050 non 2xx responses\n1k requests in 2.02s',
      { total: 1200, not2xx: 1050 },
    ],
    [
      'autocannon, all well',
      '\u001b[32m4k requests in 1.01s, 476 kB read\u001b[39m\n',
      { total: 4000, not2xx: 0, isEstimate: true },
    ],
    [
      'autocannon, with errors',
      '400 requests in 1.01s, 1.2 MB read\n53 errors (3 timeouts)\n',
      { total: 347, not2xx: 0, isEstimate: true },
    ],
    ['wrk', '  1234 requests in 10.00s, 1.20MB read\n  Non-2xx or 3xx responses: 50\n', { total: 1234, not2xx: 50 }],
    ['wrk, all well', '  1234 requests in 10.00s, 1.20MB read\n', { total: 1234, not2xx: 0 }],
    [
      'ab',
      'Complete requests:      200\nFailed requests:        0\nNon-2xx responses:      200\n',
      { total: 200, not2xx: 200 },
    ],
    ['hey', 'Status code distribution:\n  [200]\t150 responses\n  [500]\t50 responses\n', { total: 200, not2xx: 50 }],
    ['vegeta', 'Status Codes  [code:count]             0:3  200:150  500:50  \n', { total: 203, not2xx: 53 }],
    ['k6', '    http_req_failed................: 25.00% 50 out of 200\n', { total: 200, not2xx: 50 }],
  ];
  for (const [name, text, answers] of cases) t.same(readAnswers(`before\n${text}after`), answers, name);
  t.equal(readAnswers('4k requests in 2.02s, 0 B read\n'), undefined, 'autocannon, closed');
  t.equal(readAnswers('1k requests in 2.02s, 30 kB read\n1k errors (0 timeouts)'), undefined, 'autocannon, all failed');
  t.equal(readAnswers(''), undefined);
});

t.test('what load generators say of requests without an answer', async (t) => {
  const cases: [string, string, number, number?][] = [
    ['autocannon', '\u001b[1m1k requests in 2.02s, 30 kB read\n53 errors (3 timeouts)\n', 53],
    ['autocannon, rounded', '13k requests in 2.02s, 30 kB read\n12k errors (0 timeouts)\n', 11_500, 12_500],
    ['autocannon, closed', '4k requests in 2.02s, 0 B read\n', 3_500, 4_500],
    ['wrk', '  1234 requests in 10.00s, 1.20MB read\n  Socket errors: connect 1, read 50, write 2, timeout 3\n', 56],
    ['ab', 'Failed requests: 12\n   (Connect: 2, Receive: 1, Length: 8, Exceptions: 1)\n', 4],
    ['hey', 'Error distribution:\n  [12]\tGet "http://x": EOF\n  [3]\tGet "http://x": connection reset\n\n', 15],
    ['all well', 'Status code distribution:\n  [200]\t150 responses\n', 0],
    ['nothing', '', 0],
  ];
  for (const [name, text, least, most = least] of cases) {
    t.same(readUnanswered(`before\n${text}after`), { least, most }, name);
  }
});
