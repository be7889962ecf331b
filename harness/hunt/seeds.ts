/** Where a hunt begins: one program for each thing that traffic can do to an observer. */
import { traffic } from '../traffic/flood/builders.ts';
import type { FloodPlan } from '../traffic/flood/plan-types.ts';
import type { Program } from './program.ts';

const { http, exchange, json, text, bomb, binary, atOnce, constant } = traffic;

/** With fragments and the next four they reach all parts of the agent: on a slow machine minutes are not enough for all programs. */
const first: readonly FloodPlan[] = [
  // As it should be; a gap; what is coded.
  [http({ arrivals: constant(200), duration: '1s', exchanges: [exchange({ response: json('1kB..4kB') })] })],
  [
    http({
      arrivals: atOnce(8),
      duration: '1s',
      fault: traffic.lostSegment(1),
      segmentBytes: 64,
      exchanges: [exchange({ response: json('100kB') })],
    }),
  ],
  [http({ arrivals: atOnce(8), duration: '1s', exchanges: [exchange({ response: bomb('2MB') })] })],
];

const others: readonly FloodPlan[] = [
  // What is never answered, long heads, many values, connections left open.
  [
    http({
      arrivals: atOnce(40),
      duration: '1s',
      pipelining: 20,
      keepAlive: 20,
      exchanges: [traffic.unanswered()],
      patience: '1s',
    }),
  ],
  [
    http({
      arrivals: atOnce(40),
      duration: '1s',
      exchanges: [exchange({ fields: { count: 80, bytes: '20B..60B' }, response: text('200B') })],
    }),
  ],
  [http({ arrivals: atOnce(8), duration: '1s', exchanges: [exchange({ response: json('60kB', { shape: 'wide' }) })] })],
  [http({ arrivals: constant(800), duration: '1s', end: 'open', exchanges: [exchange({ response: text('50B') })] })],
  // Gaps: ahead of one, closed with one.
  [
    http({
      arrivals: atOnce(50),
      duration: '1s',
      fault: traffic.farAhead('1MB'),
      end: 'open',
      exchanges: [exchange({ response: json('2kB') })],
    }),
  ],
  [
    http({
      arrivals: atOnce(50),
      duration: '1s',
      fault: traffic.queuedAtClose(),
      end: 'reset',
      exchanges: [exchange({ response: json('30kB') })],
    }),
  ],
  // What is coded, and nested.
  [http({ arrivals: atOnce(4), duration: '1s', exchanges: [exchange({ response: bomb('5MB', ['gzip', 'gzip']) })] })],
  [http({ arrivals: atOnce(8), duration: '1s', exchanges: [exchange({ response: json('60kB', { shape: 'deep' }) })] })],
  [
    http({
      arrivals: atOnce(8),
      duration: '1s',
      exchanges: [exchange({ response: json('100kB', { coding: ['gzip'], shape: 'strings' }) })],
    }),
  ],
  [
    http({
      arrivals: atOnce(8),
      duration: '1s',
      exchanges: [exchange({ request: traffic.multipart('60kB') }), exchange({ request: traffic.form('20kB') })],
    }),
  ],
  // Too long to be kept until it is whole, plain and coded.
  [http({ arrivals: atOnce(2), duration: '1s', exchanges: [exchange({ response: json('900kB') })] })],
  [
    http({
      arrivals: atOnce(2),
      duration: '1s',
      exchanges: [exchange({ request: json('900kB', { coding: ['gzip'], shape: 'strings' }) })],
    }),
  ],
  // Little at a time, connections alone, what is no HTTP/1, bytes of no kind.
  [traffic.slowDrip({ arrivals: atOnce(60), duration: '1s', exchanges: [exchange({ response: json('1kB') })] })],
  [traffic.halfOpen({ arrivals: constant(4_000), duration: '1s' })],
  [traffic.tls({ arrivals: atOnce(40), duration: '1s', serverName: 'api-{hex}.example.com', records: 3 })],
  [traffic.webSocket({ arrivals: atOnce(10), duration: '1s', messages: 20, messageBytes: '1kB..4kB' })],
  [
    http({
      arrivals: atOnce(4),
      duration: '1s',
      exchanges: [exchange({ response: binary('100kB', { framing: 'chunked' }) })],
    }),
  ],
];

const program = (plan: FloodPlan): Program => ({ kind: 'flood', traffic: plan, bytes: 1_000_000, seed: 1 });

export const seedPrograms: readonly Program[] = [
  ...first.map(program),
  { kind: 'fragments', bytes: 1_000_000, seed: 1 },
  ...others.map(program),
];
