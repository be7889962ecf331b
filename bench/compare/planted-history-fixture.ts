/**
 * A repository of a small service in which one commit of many makes it allocate more, some cannot be built, and some are slow to start: what a
 * bisection is measured on. Every other commit is what commits are: comments, names, tests, texts, code that is not on the way of a request.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createRandom } from '../../agent/seeded-random.ts';
import { gitIn } from '../../harness/compare/git-fixture.ts';
import { plantedService, type ServicePlace, serviceLoad, servicePlaces } from './planted-service.ts';

export interface HistoryOrder {
  readonly seed: number;
  /** After the first. */
  readonly commits: number;
  /** Units of work a request that the one commit adds at a place. */
  readonly workAt: (place: ServicePlace) => number;
  readonly unbuilt: number;
  readonly slow: number;
  readonly requests: number;
}

/** Indexes of commits; 0 is the first, which is good. */
export interface PlantedHistory {
  readonly place: ServicePlace;
  readonly firstBad: number;
  readonly unbuilt: readonly number[];
  readonly slow: readonly number[];
  /** Of all commits, in order. */
  readonly ids: readonly string[];
}

/** Longer than most services take, and shorter than floodgate waits. */
const slowMs = 4_000;

/** What a seed plants where. Pure. */
function plan({ seed, commits, unbuilt, slow }: HistoryOrder): Omit<PlantedHistory, 'ids'> {
  const random = createRandom(seed, 'history');
  const firstBad = 1 + random.below(commits);
  // The last one can be built: it is the bad version.
  const order = Array.from({ length: commits - 1 }, (_, at) => at + 1)
    .filter((at) => at !== firstBad)
    .map((at) => ({ at, key: random.fraction() }))
    .sort((a, b) => a.key - b.key)
    .map(({ at }) => at);
  return {
    place: servicePlaces[random.below(servicePlaces.length)]!,
    firstBad,
    unbuilt: order.slice(0, unbuilt).sort((a, b) => a - b),
    slow: order.slice(unbuilt, unbuilt + slow).sort((a, b) => a - b),
  };
}

/** Writes the repository into an empty folder: branch `main`, its first commit tagged `good`. */
export function plantHistory(folder: string, order: HistoryOrder): PlantedHistory {
  const planned = plan(order);
  const git = gitIn(folder);
  const random = createRandom(order.seed, 'edits');
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  git('init', '-qb', 'main');
  write('load.mjs', serviceLoad(order.requests));
  write('package.json', '{ "name": "shop", "type": "module", "private": true }\n');
  write('build.mjs', build);
  write('floodgate.config.yaml', config);
  const added = order.workAt(planned.place);
  const ids: string[] = [];
  const edits: string[] = [];
  for (let at = 0; at <= order.commits; at += 1) {
    if (at > 0) edits.push(edit(random.below(4), at));
    const isSlow = planned.slow.includes(at);
    const work = at >= planned.firstBad ? added : 0;
    const service = plantedService({ place: planned.place, work, kept: 0 });
    write('src/server.mjs', `${isSlow ? slowStart : ''}${service}\n${edits.join('\n')}\n`);
    // What a build would trip over: it is mended by the next commit.
    write(
      'src/version.mjs',
      planned.unbuilt.includes(at) ? `export const version = ${at}..;\n` : `export const version = ${at};\n`,
    );
    write('README.md', `# Shop\n\n${'A line more.\n'.repeat(at)}`);
    git('add', '.');
    git('commit', '-qm', at === 0 ? 'a shop' : `change ${at}`);
    ids.push(git('rev-parse', 'HEAD').trim());
    if (at === 0) git('tag', 'good');
  }
  return { ...planned, ids };
}

const config = `targets: { service: { command: node dist/server.mjs } }
scenarios: [{ name: cart, load: 'node load.mjs {port}', idle: 200ms, recover: 200ms }]
build: node build.mjs
`;

const build = `import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
for (const name of readdirSync('src')) execFileSync(process.execPath, ['--check', 'src/' + name]);
cpSync('src', 'dist', { recursive: true });
`;

const slowStart = `await new Promise((resolve) => setTimeout(resolve, ${slowMs}));\n`;

function edit(kind: number, at: number): string {
  switch (kind) {
    case 0:
      return `// ${at}: ${'why it is as it is, '.repeat(1 + (at % 5))}and so on.`;
    case 1:
      return `export function unused${at}(text) {\n  return text.split(',').map((each) => each.trim());\n}`;
    case 2:
      return `const limit${at} = ${at * 10};\nif (limit${at} < 0) throw new Error('no limit');`;
    default:
      return `export class Later${at} {\n  #items = [];\n  add(item) { this.#items.push(item); }\n}`;
  }
}
