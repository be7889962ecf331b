/**
 * `npm run bench:drift [-- --seeds 4 --requests 30000 --limit 40 --folder FOLDER]`: generated services that keep 0 to 14 bytes of each request, as
 * clean ones do while V8 compiles, and others that keep more, under a limit on growth a request and the same a second. Wanted: no
 * decision against the truth, no "leak" up to 14 bytes, and for what is undecided the time that it would take.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BenchFolder, checkout } from '../bench-folder.ts';
import { driftingService } from './drifting-service.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '4' },
    requests: { type: 'string', default: '30000' },
    limit: { type: 'string', default: '40' },
    bytes: { type: 'string', default: '0,5,10,14,40,80,160' },
    folder: { type: 'string' },
  },
});
const limitBytes = Number(values.limit);
/** Clean programs drift by up to so much themselves. */
const driftBytesMax = 14;

const bench = new BenchFolder(values.folder);
let wrong = 0;
try {
  const autocannon = path.join(checkout, 'node_modules/.bin/autocannon');
  console.log(
    '| kept | seed | a request: between | verdict | a second | cause | right |\n|--:|--:|---|---|---|---|---|',
  );
  for (const bytes of values.bytes.split(',').map(Number)) {
    for (let seed = 1; seed <= Number(values.seeds); seed += 1) {
      writeFileSync(path.join(bench.place, 'service.mjs'), driftingService(seed, bytes));
      const { report, output } = bench.run([
        ...['--target', 'node service.mjs', '--idle', '500ms', '--recover', '500ms'],
        ...['--load', `${autocannon} -c 10 -a ${values.requests} http://127.0.0.1:{port}/`],
        ...['--budget', `growth.perRequest=${limitBytes}B`, '--budget', 'growth.perSecond=1MB'],
      ]);
      if (!report) throw new Error(output);
      const [request, second] = ['growth.perRequest', 'growth.perSecond'].map(
        (name) => report.budgets.find((each) => each.name === name)!,
      );
      const isLeak = report.spikes.some(({ cause }) => cause === 'leak');
      const isWrong =
        (request!.state === 'pass' && bytes > limitBytes) ||
        (request!.state === 'over' && bytes + driftBytesMax < limitBytes) ||
        (isLeak && bytes <= driftBytesMax);
      if (isWrong) wrong += 1;
      const cells = [bytes, seed, request!.note || request!.actual, request!.state, `${second!.state} ${second!.note}`];
      console.log(`| ${cells.join(' | ')} | ${isLeak ? 'leak' : ''} | ${isWrong ? '**no**' : 'yes'} |`);
    }
  }
} finally {
  bench.remove();
}
process.exitCode = wrong === 0 ? 0 : 1;
