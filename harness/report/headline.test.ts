import t from 'tap';
import type { BudgetResult, Spike } from '../../reports/model.ts';
import { headlineOf } from './headline.ts';

const budget = (name: string, actual: number, limit: number): BudgetResult => ({
  name,
  unit: 'bytes',
  bound: 'max',
  limit,
  actual,
  ok: actual <= limit,
  state: actual <= limit ? 'pass' : 'over',
  note: '',
});
const suspect = (functionName: string) => ({ functionName, file: 'agent/x.ts', line: 7, share: 0.75 });
const stream = { source: '10.0.0.1:80', destination: '10.0.0.2:4000' };
const spike = (line: string, heightBytes: number, functionName: string) =>
  ({
    line,
    heightBytes,
    suspects: [suspect(functionName)],
    frames: { first: 705, last: 39_219 },
    streams: [stream],
  }) as unknown as Spike;

t.test('over budget: the limit, the line and the packets of the spike that broke it', async (t) => {
  const spikes = [spike('rss', 5e6, 'small'), spike('rss', 60e6, 'keep'), spike('allocated', 800e6, 'spend')];
  t.equal(
    headlineOf([budget('rss.p99', 117e6, 100e6)], spikes),
    'rss.p99 is 117 MB, at most 100 MB is allowed; first suspect agent/x.ts:7 keep (75 % of the growth) in frames 705–39,219, most from 10.0.0.1:80 → 10.0.0.2:4000.',
  );
  t.match(
    headlineOf([budget('allocated.perMessage', 3e5, 4e4)], spikes),
    /spend \(75 % of what was allocated\) in frames 705–39,219/,
  );
  const unexplained = { ...spike('rss', 60e6, ''), suspects: [], streams: [] };
  t.match(headlineOf([budget('rss.p99', 117e6, 100e6)], [unexplained]), /is allowed; in frames 705–39,219\.$/);
  t.match(headlineOf([budget('rss.p99', 117e6, 100e6)], []), /is allowed\.$/);
});

t.test('what broke a limit on growth is the leak, however much higher a spike of garbage is', async (t) => {
  const leak = { ...spike('rss', 6e6, 'keep'), cause: 'leak' } as unknown as Spike;
  const spikes = [{ ...spike('rss', 60e6, 'spend'), cause: 'garbage' } as unknown as Spike, leak];
  t.match(
    headlineOf([budget('growth.perRequest', 900, 200)], spikes),
    /first suspect agent\/x\.ts:7 keep \(75 % of what stays\)/,
  );
  t.match(headlineOf([budget('rss.p99', 117e6, 100e6)], spikes), /agent\/x\.ts:7 spend/);
});
