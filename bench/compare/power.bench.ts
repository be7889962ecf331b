/**
 * From what size a change is seen, in eight places of real programs: code that allocates 1, 2, 5 and 10 % more in one of eight stages of our
 * agent (exact lane) or eight functions of a service (requests one at a time), and code that keeps 10 and 20 % of the resident memory more.
 *
 *     node bench/compare/power.bench.ts FOLDER [--lanes exact,repeatable,load] [--sizes 0.01,0.1] [--rounds 5] [--minutes 60]
 *
 * 50 MB at the agent: of 5 MB most of what is allocated is that code is new, and a function that is compiled a moment later moves it by 0.4 %.
 *
 * A round measures the base and every planted version once, in an order of chance, so that a drift of the machine meets them alike: one pair
 * for each planted version. It can be stopped at any time: runs are kept in FOLDER, and it goes on where it was. Without time left it judges
 * what there is.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { createRandom } from '../../agent/seeded-random.ts';
import { agree, judgePairs } from '../../harness/compare/judge.ts';
import { exactPairs } from '../../harness/compare/pairs.ts';
import { looksFor } from '../../harness/compare/stopping-rule.ts';
import { drawnVerdict, type Pair } from './drawn-verdict.ts';
import { measure, servedWords } from './measured-lane.ts';
import { type AgentPlaceName, agentPlaces, PlantedAgent } from './planted-agent.ts';
import { plantedService, type ServicePlace, serviceLoad, servicePlaces } from './planted-service.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lanes: { type: 'string', default: 'exact,repeatable,load' },
    sizes: { type: 'string', default: '0.01,0.02,0.05,0.1,0.2' },
    rounds: { type: 'string', default: '5' },
    minutes: { type: 'string', default: '60' },
  },
});
const folder = path.resolve(positionals[0] ?? '');
if (positionals.length !== 1) throw new Error('name a folder for the measured runs');
mkdirSync(folder, { recursive: true });
const deadlineMs = Date.now() + Number(flags.minutes) * 60_000;
/** Orders of chance over the measured pairs, for each planted version. */
const verdicts = 200;

interface Question {
  readonly metric: string;
  readonly threshold: number;
  /** Of the metric, planted. */
  readonly sizes: readonly number[];
}

interface Lane {
  readonly places: readonly string[];
  readonly repeats: boolean;
  readonly words: readonly string[];
  readonly questions: readonly Question[];
  /** Leaves the version where it is run. @param amount of the lane's own unit, for one of its questions; 0: as it is */
  readonly plant: (place: string, amount: number, question: Question) => void;
  /** An amount that is planted to learn what a unit is. */
  readonly probe: (question: Question) => number;
}

const service = path.join(folder, 'server.mjs');
writeFileSync(path.join(folder, 'load.mjs'), serviceLoad(1_600));
const wanted = flags.sizes.split(',').map(Number);
const allocation = [0.01, 0.02, 0.05, 0.1].filter((size) => wanted.includes(size));
const plantService: Lane['plant'] = (place, amount, { metric }) => {
  const [whole, isResident] = [Math.round(amount), metric.startsWith('rss.')];
  const plant = { place: place as ServicePlace, work: isResident ? 0 : whole, kept: isResident ? whole : 0 };
  writeFileSync(service, plantedService(plant));
};
const ofService = {
  places: servicePlaces,
  plant: plantService,
  probe: ({ metric }: Question) => (metric.startsWith('rss.') ? 8_000 : 20),
};

/** In our agent: bytes a call. Arrays of half a kilobyte and more, as often as that takes. */
const bytesMin = 512;
const arrayBytes = 48;
function plantAgent(agent: PlantedAgent): Lane['plant'] {
  return (place, bytes) => {
    const every = Math.max(1, Math.ceil(bytesMin / bytes));
    const elements = Math.max(1, Math.round((bytes * every - arrayBytes) / 8));
    agent.plant(bytes === 0 ? undefined : { place: place as AgentPlaceName, every, elements });
  };
}

const lanes: Readonly<Record<string, () => Lane>> = {
  exact: () => {
    const agent = new PlantedAgent(path.join(folder, 'checkout'));
    return {
      places: Object.keys(agentPlaces),
      repeats: true,
      words: ['steady', '--lane', 'exact', '--size', '50MB', '--agent-until', 'witnesses', '--agent', agent.folder],
      questions: [{ metric: 'allocated.perMessage', threshold: 0.005, sizes: allocation }],
      plant: plantAgent(agent),
      probe: () => 4_096,
    };
  },
  repeatable: () => ({
    ...ofService,
    repeats: true,
    words: [...servedWords, '--repeatable'],
    questions: [{ metric: 'allocated.perRequest', threshold: 0.005, sizes: allocation }],
  }),
  load: () => ({
    ...ofService,
    repeats: false,
    words: servedWords,
    questions: [
      { metric: 'allocated.perRequest', threshold: 0.02, sizes: allocation },
      { metric: 'rss.max', threshold: 0.05, sizes: [0.1, 0.2].filter((size) => wanted.includes(size)) },
    ],
  }),
};

/** One run: what it measured of each question. */
type Figures = Readonly<Record<string, number>>;

function figuresOf({ words, questions }: Lane): Figures {
  // `compare` keeps a version's compiled code with it; here all planted versions have one place, and would find each other's.
  const report = measure(folder, words, { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' });
  const figureOf = (name: string) => report.figures.find((figure) => figure.name === name)?.value ?? Number.NaN;
  return Object.fromEntries(questions.map(({ metric }) => [metric, figureOf(metric)]));
}

/** Runs by name, kept in a file as they come. */
class Runs {
  readonly #file: string;
  readonly #lane: Lane;
  readonly #known = new Map<string, Figures>();

  constructor(name: string, lane: Lane) {
    this.#file = path.join(folder, `${name}.jsonl`);
    this.#lane = lane;
    if (!existsSync(this.#file)) return;
    for (const line of readFileSync(this.#file, 'utf8').split('\n').filter(Boolean)) {
      const { name, figures } = JSON.parse(line);
      this.#known.set(name, figures);
    }
  }

  get(name: string): Figures | undefined {
    return this.#known.get(name);
  }

  /** @returns undefined where the time is up */
  take(name: string, cell: Cell): Figures | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (Date.now() > deadlineMs) return undefined;
    this.#lane.plant(cell.place, cell.amount, cell.question);
    const figures = figuresOf(this.#lane);
    appendFileSync(this.#file, `${JSON.stringify({ name, figures })}\n`);
    this.#known.set(name, figures);
    process.stderr.write(`${name} ${JSON.stringify(figures)}\n`);
    return figures;
  }
}

interface Cell {
  readonly place: string;
  readonly question: Question;
  /** In the lane's unit. */
  readonly amount: number;
}

/** What is planted for a size: from one run with a known amount. @returns undefined where the time is up */
function amountsOf(lane: Lane, runs: Runs): Map<string, Cell> | undefined {
  const cells = new Map<string, Cell>();
  for (const question of lane.questions) {
    const base = runs.take('probe base', { place: lane.places[0]!, question, amount: 0 });
    for (const place of lane.places) {
      const amount = lane.probe(question);
      const probe = runs.take(`probe ${question.metric} ${place}`, { place, question, amount });
      if (!base || !probe) return undefined;
      const unit = (probe[question.metric]! - base[question.metric]!) / amount;
      for (const size of question.sizes)
        cells.set(`${question.metric} ${place} ${size}`, {
          place,
          question,
          amount: (base[question.metric]! * size) / unit,
        });
    }
  }
  return cells;
}

/** Every cell once, and the base; in an order of chance. @returns whether all of it is measured */
function takeRound(round: number, cells: ReadonlyMap<string, Cell>, lane: Lane, runs: Runs): boolean {
  const random = createRandom(round, 'order').fraction;
  const base: Cell = { place: lane.places[0]!, question: lane.questions[0]!, amount: 0 };
  const order = [...cells, ['base', base] as const]
    .map(([name, cell]) => ({ name, cell, at: random() }))
    .sort((a, b) => a.at - b.at);
  return order.every(({ name, cell }) => runs.take(`${round} ${name}`, cell) !== undefined);
}

function allAgree(rounds: number, cells: ReadonlyMap<string, Cell>, runs: Runs): boolean {
  const of = (name: string, metric: string) =>
    Array.from({ length: rounds }, (_, round) => runs.get(`${round} ${name}`)![metric]!);
  const all = [...cells].flatMap(([name, { question }]) => [name, 'base'].map((each) => of(each, question.metric)));
  return rounds >= exactPairs && all.every(agree);
}

interface Row {
  readonly size: number;
  readonly planted: number;
  readonly detectable: number | null;
  /** Of the orders of chance. */
  readonly worse: number;
}

function rowOf(name: string, { question }: Cell, size: number, lane: Lane, runs: Runs, rounds: number): Row {
  const { metric, threshold } = question;
  const pairs = Array.from({ length: rounds }, (_, round): Pair => {
    return [runs.get(`${round} base`)![metric]!, runs.get(`${round} ${name}`)![metric]!];
  });
  const random = createRandom(1, name).fraction;
  const planted = median(pairs.map(([base, head]) => head / base - 1));
  let worse = 0;
  for (let each = 0; each < verdicts; each += 1)
    if (drawnVerdict(pairs, { repeats: lane.repeats, threshold, random }) === 'worse') worse += 1;
  const [base, head] = [pairs.map(([value]) => value), pairs.map(([, value]) => value)];
  const look = { pairs: rounds, level: looksFor(1, Math.max(5, rounds))[0]!.level };
  const figures = { name: metric, unit: 'bytes', bound: 'max', threshold, base, head } as const;
  const { detectable } = judgePairs([figures], lane.repeats, look, random).metrics[0]!;
  return { size, planted, detectable, worse: worse / verdicts };
}

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;
const rangeOf = (values: readonly number[]) => `${percent(Math.min(...values))} – ${percent(Math.max(...values))}`;

const table = [
  '| lane | metric | threshold | pairs | size | planted, measured | printed minimum | called worse |',
  '|---|---|--:|--:|--:|--:|--:|--:|',
];
for (const name of flags.lanes.split(',')) {
  const lane = lanes[name]!();
  const runs = new Runs(name, lane);
  const cells = amountsOf(lane, runs);
  if (!cells) continue;
  let rounds = 0;
  // As `compare` does: where repeats of all agree, no more are run.
  while (rounds < Number(flags.rounds) && !(lane.repeats && allAgree(rounds, cells, runs))) {
    if (!takeRound(rounds, cells, lane, runs)) break;
    rounds += 1;
  }
  if (rounds < 3) continue;
  for (const question of lane.questions) {
    for (const size of question.sizes) {
      const rows = lane.places.map((place) => {
        const key = `${question.metric} ${place} ${size}`;
        return { place, ...rowOf(key, cells.get(key)!, size, lane, runs, rounds) };
      });
      for (const row of rows) process.stderr.write(`${name} ${question.metric} ${JSON.stringify(row)}\n`);
      const minimums = rows.flatMap(({ detectable }) => (detectable === null ? [] : [detectable]));
      const mean = rows.reduce((sum, { worse }) => sum + worse, 0) / rows.length;
      const columns = [
        name,
        `\`${question.metric}\``,
        percent(question.threshold),
        rounds,
        `+${size * 100} %`,
        rangeOf(rows.map(({ planted }) => planted)),
        minimums.length > 0 ? rangeOf(minimums) : '–',
        `${rows.filter(({ worse }) => worse >= 0.9).length} of ${rows.length} places (${(mean * 100).toFixed(0)} % of orders)`,
      ];
      table.push(`| ${columns.join(' | ')} |`);
    }
  }
}
process.stdout.write(`${table.join('\n')}\n`);
