/**
 * How often identical versions are called worse, and from what size a change is seen: measured pairs of one version, labels swapped a
 * thousand times, through the stopping rule as `floodgate compare` runs it.
 *
 *     node bench/compare/false-alarms.bench.ts FOLDER [PAIRS] [LANE …]
 *
 * It can be stopped at any time: measured pairs are kept in FOLDER, and it goes on where it was. 40 pairs of the three lanes take
 * 15 minutes on a quiet machine.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createRandom } from '../../agent/seeded-random.ts';
import { drawnVerdict, type Pair } from './drawn-verdict.ts';
import { measure, servedWords } from './measured-lane.ts';
import { serviceLoad } from './planted-service.ts';

const [given = '', wanted = '40', ...only] = process.argv.slice(2);
if (given === '') throw new Error('name a folder for the measured pairs');
const folder = path.resolve(given);
mkdirSync(folder, { recursive: true });
const verdicts = 1_000;
const sizes = [0, 0.01, 0.02, 0.05, 0.1, 0.2];

const service = `import { createServer } from 'node:http';
createServer((request, response) => {
  const rows = Array.from({ length: 100 }, (_, i) => ({ id: i, text: request.url + i }));
  response.end(JSON.stringify(rows));
}).listen(process.env.PORT, '127.0.0.1');
`;
writeFileSync(path.join(folder, 'server.mjs'), service);
writeFileSync(path.join(folder, 'load.mjs'), serviceLoad(2_000));

interface Lane {
  readonly words: readonly string[];
  readonly repeats: boolean;
  /** Judged, with its threshold. */
  readonly metrics: Readonly<Record<string, number>>;
}

const lanes: Readonly<Record<string, Lane>> = {
  exact: {
    words: ['steady', '--lane', 'exact', '--size', '50MB'],
    repeats: true,
    metrics: { 'allocated.perMessage': 0.005 },
  },
  repeatable: { words: [...servedWords, '--repeatable'], repeats: true, metrics: { 'allocated.perRequest': 0.005 } },
  load: { words: servedWords, repeats: false, metrics: { 'allocated.perRequest': 0.02, 'rss.max': 0.05 } },
};

type Figures = Readonly<Record<string, number>>;

/** One run of the lane: its judged figures. */
function figuresOf({ words, metrics }: Lane): Figures {
  const report = measure(folder, words);
  const figureOf = (name: string) => report.figures.find((figure) => figure.name === name)!.value!;
  return Object.fromEntries(Object.keys(metrics).map((name) => [name, figureOf(name)]));
}

function pairsOf(name: string, lane: Lane, count: number): readonly (readonly [Figures, Figures])[] {
  const file = path.join(folder, `${name}.jsonl`);
  const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);
  for (let done = lines().length; done < count; done += 1) {
    appendFileSync(file, `${JSON.stringify([figuresOf(lane), figuresOf(lane)])}\n`);
    process.stderr.write(`${name}: pair ${done + 1} of ${count}\n`);
  }
  return lines()
    .slice(0, count)
    .map((line) => JSON.parse(line));
}

/** Labels swapped by chance, and what is then the head made larger. */
function grown(pairs: readonly Pair[], size: number, random: () => number): Pair[] {
  return pairs.map(([a, b]) => (random() < 0.5 ? [a, b * (1 + size)] : [b, a * (1 + size)]));
}

const rows = [
  '| lane | metric | threshold | pairs | same | +1 % | +2 % | +5 % | +10 % | +20 % |',
  '|---|---|--:|--:|--:|--:|--:|--:|--:|--:|',
];
for (const [name, lane] of Object.entries(lanes)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const pairs = pairsOf(name, lane, Number(wanted));
  for (const [metric, threshold] of Object.entries(lane.metrics)) {
    const values = pairs.map(([a, b]) => [a[metric]!, b[metric]!] as const);
    const shares = sizes.map((size) => {
      const random = createRandom(1, `${name} ${metric} ${size}`).fraction;
      let worse = 0;
      for (let each = 0; each < verdicts; each += 1)
        if (drawnVerdict(grown(values, size, random), { ...lane, threshold, random }) === 'worse') worse += 1;
      return `${((worse / verdicts) * 100).toFixed(1)} %`;
    });
    rows.push(`| ${name} | \`${metric}\` | ${threshold * 100} % | ${values.length} | ${shares.join(' | ')} |`);
  }
}
process.stdout.write(`Called worse, of ${verdicts} verdicts with labels swapped:\n\n${rows.join('\n')}\n`);
