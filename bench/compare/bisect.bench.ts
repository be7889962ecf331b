/**
 * Whether `floodgate bisect` finds the commit: 64 commits of a small service, one of which makes it allocate 2 % more a request, in one of
 * eight functions; three cannot be built, two are slow to start.
 *
 *     node bench/compare/bisect.bench.ts FOLDER [--seeds 20] [--commits 64] [--size 0.02] [--minutes 120] [--seed N]
 *
 * It can be stopped at any time: seeds that are done are kept in FOLDER, and one that is not goes on by what the bisection knows; several
 * may run at once, each with another --seed. A seed takes two minutes of CPU time. Ends with 1 where an answer was wrong.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { keepLine, keptLines } from '../../harness/compare/kept-lines.ts';
import { install } from '../../test/installed-package.ts';
import { measure, servedWords } from './measured-lane.ts';
import { type PlantedHistory, plantHistory } from './planted-history-fixture.ts';
import { plantedService, type ServicePlace, serviceLoad } from './planted-service.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '20' },
    /** This one alone. */
    seed: { type: 'string' },
    commits: { type: 'string', default: '64' },
    size: { type: 'string', default: '0.02' },
    minutes: { type: 'string', default: '120' },
  },
});
if (positionals.length !== 1) throw new Error('name a folder for repositories and answers');
const folder = path.resolve(positionals[0]!);
mkdirSync(folder, { recursive: true });
const deadlineMs = Date.now() + Number(flags.minutes) * 60_000;
const [commits, size] = [Number(flags.commits), Number(flags.size)];
const requests = 800;
const metric = 'allocated.perRequest';
const answersFile = path.join(folder, `answers-${commits}-${size}.jsonl`);

/** The service runs under the Node.js that this runs under: of another version, repeats may not agree, and each comparison takes many pairs. */
const env = { ...process.env, PATH: [path.dirname(process.execPath), process.env.PATH].join(path.delimiter) };

/** The package as it is published: what a user has. */
function floodgate(): string {
  const program = path.join(folder, 'node_modules', 'floodgate', 'bin', 'floodgate');
  return existsSync(program) ? program : path.join(install(folder), 'floodgate');
}

/** How near to the size a planted change has to be, as a share of what the service allocates: less than a unit of most places. */
const nearEnough = 0.002;
const triesMax = 6;

/** Units of work at a place that make a request allocate so much more; kept. Containers grow by steps, so it is tried. */
function workAt(place: ServicePlace): number {
  const file = path.join(folder, `work-${size}.json`);
  const known: Partial<Record<ServicePlace, number>> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  if (known[place] !== undefined) return known[place];
  // Several of these may run at once.
  const probe = path.join(folder, `probe-${process.pid}`);
  mkdirSync(probe, { recursive: true });
  writeFileSync(path.join(probe, 'load.mjs'), serviceLoad(requests));
  const allocated = (units: number) => {
    writeFileSync(path.join(probe, 'server.mjs'), plantedService({ place, work: units, kept: 0 }));
    const { figures } = measure(probe, [...servedWords, '--repeatable'], env);
    return figures.find(({ name }) => name === metric)!.value!;
  };
  const base = allocated(0);
  const tried = new Map<number, number>();
  const offBy = (units: number) => Math.abs((tried.get(units) ?? Number.POSITIVE_INFINITY) - size);
  let best = 1;
  for (let units = 3; tried.size < triesMax && offBy(best) > nearEnough; ) {
    const change = allocated(units) / base - 1;
    tried.set(units, change);
    if (offBy(units) < offBy(best)) best = units;
    process.stderr.write(`${place}: ${units} units are ${(change * 100).toFixed(2)} %\n`);
    units = Math.max(1, Math.round((units * size) / change));
    const step = (tried.get(units) ?? size) < size ? 1 : -1;
    while (tried.has(units)) units += step;
    if (units < 1) break;
  }
  rmSync(probe, { recursive: true, force: true });
  writeFileSync(file, JSON.stringify({ ...known, [place]: best }));
  return best;
}

interface Answer {
  readonly seed: number;
  readonly place: string;
  readonly planted: {
    readonly firstBad: number;
    readonly unbuilt: readonly number[];
    readonly slow: readonly number[];
  };
  readonly change: number;
  readonly lastGood: number;
  readonly firstBad: number;
  readonly isExact: boolean;
  readonly isRight: boolean;
  readonly looks: number;
  readonly seconds: number;
}

/** @returns undefined where it ended without an answer */
function answerOf(seed: number): Answer | undefined {
  const shop = path.join(folder, `seed-${seed}`);
  const planFile = path.join(folder, `seed-${seed}.json`);
  if (!existsSync(planFile)) {
    rmSync(shop, { recursive: true, force: true });
    mkdirSync(shop);
    const planted = plantHistory(shop, { seed, commits, workAt, unbuilt: 3, slow: 2, requests });
    writeFileSync(planFile, JSON.stringify(planted));
  }
  const planted: PlantedHistory = JSON.parse(readFileSync(planFile, 'utf8'));
  const startedMs = Date.now();
  const words = ['--good', 'good', '--bad', 'main', '--scenario', 'cart', '--metric', metric, '--out', 'found'];
  rmSync(path.join(shop, 'found'), { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, [floodgate(), 'bisect', ...words], {
    cwd: shop,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: Math.max(1, deadlineMs - startedMs),
  });
  const file = path.join(shop, 'found', 'bisect.json');
  if ((status !== 0 && status !== 4) || !existsSync(file)) return undefined;
  const found = JSON.parse(readFileSync(file, 'utf8'));
  const lastGood = planted.ids.indexOf(found.lastGood);
  const firstBad = planted.ids.indexOf(found.firstBad);
  return {
    ...{ seed, place: planted.place, change: found.change, lastGood, firstBad, isExact: found.isExact },
    planted: { firstBad: planted.firstBad, unbuilt: planted.unbuilt, slow: planted.slow },
    isRight: isRight(planted, { lastGood, firstBad, isExact: found.isExact }),
    looks: found.commits.filter((each: { finding?: string }) => each.finding !== undefined).length,
    seconds: Math.round((Date.now() - startedMs) / 1000),
  };
}

/** The commit itself, or the least range that holds it: between its ends stand such alone as cannot be built. */
function isRight(
  planted: PlantedHistory,
  { lastGood, firstBad, isExact }: Pick<Answer, 'lastGood' | 'firstBad' | 'isExact'>,
): boolean {
  const between = Array.from({ length: firstBad - lastGood - 1 }, (_, at) => lastGood + 1 + at);
  const holdsIt = lastGood < planted.firstBad && planted.firstBad <= firstBad;
  const isLeast = between.every((at) => planted.unbuilt.includes(at));
  return holdsIt && isLeast && isExact === (between.length === 0);
}

const done = new Map((keptLines(answersFile) as Answer[]).map((answer) => [answer.seed, answer]));
const wanted = flags.seed ? [Number(flags.seed)] : Array.from({ length: Number(flags.seeds) }, (_, at) => at + 1);
for (const seed of wanted) {
  if (done.has(seed)) continue;
  if (Date.now() > deadlineMs) break;
  process.stderr.write(`seed ${seed}\n`);
  const answer = answerOf(seed);
  if (answer === undefined) break;
  keepLine(answersFile, answer);
  done.set(seed, answer);
  // Builds and reports of forty runs a comparison: only the answer is kept.
  rmSync(path.join(folder, `seed-${seed}`), { recursive: true, force: true });
}
const answers = [...done.values()];
console.table(
  answers.map(({ planted, place, change, ...rest }) => ({
    ...rest,
    place,
    change: `${(change * 100).toFixed(2)} %`,
    planted: planted.firstBad,
  })),
);
const right = answers.filter((answer) => answer.isRight);
const exact = right.filter((answer) => answer.isExact);
process.stdout.write(
  `${right.length} of ${answers.length} right: the commit itself ${exact.length} times, the least range ${right.length - exact.length} times\n`,
);
if (right.length < answers.length) process.exitCode = 1;
