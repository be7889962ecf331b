/**
 * `npm run bench:leaks [-- --repeats 5 --requests 20000 --out FILE --folder FOLDER NAME…]`: services that leak, over a limit on growth and with
 * their keeper named, and their clean twins, decided and passed. The twelve that everybody knows, ten more with `--unusual`, or those that
 * are named. So many requests each, however long they take: a slope is known by their number. What is in FILE already is not run again.
 * FOLDER is one in which floodgate is installed; without it this checkout is run.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { RunReport } from '../../reports/model.ts';
import { BenchFolder, checkout } from '../bench-folder.ts';
import { type LeakingService, unusualServices, usualServices } from './services.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeats: { type: 'string', default: '5' },
    requests: { type: 'string', default: '20000' },
    kind: { type: 'string', default: 'leak,clean' },
    budget: { type: 'string' },
    unusual: { type: 'boolean', default: false },
    folder: { type: 'string' },
    out: { type: 'string', default: path.join(checkout, 'runs', 'leaks.jsonl') },
  },
});

interface Row {
  readonly name: string;
  readonly kind: 'leak' | 'clean';
  readonly repeat: number;
  readonly isRight: boolean;
  readonly exitCode: number | null;
  /** Growth as the report says it. */
  readonly growth: string;
  readonly cause: string;
  readonly keeper: string;
  readonly suspect: string;
  readonly seconds: number;
}

const services = [...usualServices, ...unusualServices];
const all = values.unusual ? unusualServices : usualServices;
const wanted = positionals.length === 0 ? all : services.filter(({ name }) => positionals.includes(name));
const bench = new BenchFolder(values.folder);
try {
  bench.copyFolder(new URL('./testdata/', import.meta.url));
  bench.copyFolder(new URL('./testdata/seen-before/', import.meta.url), 'node_modules/seen-before');
  const isReady = { go: buildGo(), tsc: compileTypeScript() };
  for (let repeat = 1; repeat <= Number(values.repeats); repeat += 1) {
    for (const service of wanted) {
      if (service.needs && !isReady[service.needs]) {
        console.log(`${service.name}: skipped, there is no ${service.needs} here`);
        continue;
      }
      for (const kind of values.kind.split(',') as Row['kind'][]) {
        const isKnown = rows().some((row) => row.name === service.name && row.kind === kind && row.repeat === repeat);
        if (!isKnown) record(tryService(service, kind, repeat));
      }
    }
  }
  console.log(table(rows()));
} finally {
  bench.remove();
}

function buildGo(): boolean {
  const cwd = path.join(bench.place, 'map-in-go');
  return spawnSync('go', ['build', '-o', 'map-in-go', 'main.go'], { cwd, stdio: 'inherit' }).status === 0;
}

/** For an engine that has no private fields, with a source map beside it. */
function compileTypeScript(): boolean {
  const tsc = path.join(checkout, 'node_modules/.bin/tsc');
  const types = ['--types', 'node', '--typeRoots', path.join(checkout, 'node_modules/@types')];
  const modules = ['--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2019', '--strict', 'false'];
  const words = ['class-fields.ts', '--outDir', 'dist', '--sourceMap', ...modules, ...types];
  spawnSync(tsc, words, { cwd: bench.place, stdio: 'inherit' });
  return existsSync(path.join(bench.place, 'dist/class-fields.js'));
}

function tryService(service: LeakingService, kind: Row['kind'], repeat: number): Row {
  const autocannon = path.join(checkout, 'node_modules/.bin/autocannon');
  const words = [
    ...['--target', service.target.replace('{kind}', kind)],
    ...['--load', `${autocannon} -c 10 ${service.load ?? `-a ${values.requests}`} http://127.0.0.1:{port}/`],
    ...['--budget', values.budget ?? service.budget, '--idle', '500ms', '--recover', '1s'],
    ...(service.pprof ? ['--pprof', service.pprof] : []),
  ];
  const startedMs = performance.now();
  const { exitCode, report, output } = bench.run(words);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  const base = { name: service.name, kind, repeat, exitCode, seconds };
  return report
    ? { ...base, ...judge(service, kind, exitCode, report) }
    : { ...base, isRight: false, growth: output.slice(-120), cause: '', keeper: '', suspect: '' };
}

function judge(service: LeakingService, kind: Row['kind'], status: number | null, report: RunReport) {
  const [budget] = report.budgets;
  const spike = report.spikes.find((each) => each.keeper) ?? report.spikes[0];
  const keeper = spike?.keeper;
  const isNamed =
    keeper !== null && keeper !== undefined && service.keeper.test(keeper.name) && service.file.test(keeper.file);
  const [suspect] = spike?.suspects ?? [];
  return {
    isRight: kind === 'clean' ? status === 0 : status === 1 && spike?.cause === 'leak' && isNamed,
    growth: `${budget?.state} ${budget?.actual?.toFixed(0) ?? ''} ${budget?.note ?? ''}`,
    cause: kind === 'leak' ? (spike?.cause ?? '') : '',
    keeper: kind === 'leak' && keeper ? `${keeper.name} at ${keeper.file}:${keeper.line}` : '',
    suspect: kind === 'leak' && suspect ? `${suspect.file}:${suspect.line} ${suspect.functionName}` : '',
  };
}

function rows(): Row[] {
  if (!existsSync(values.out)) return [];
  return readFileSync(values.out, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function record(row: Row): void {
  mkdirSync(path.dirname(values.out), { recursive: true });
  appendFileSync(values.out, `${JSON.stringify(row)}\n`);
  const verdict = row.isRight ? 'right' : `WRONG (${row.cause})`;
  console.log(`${row.name} ${row.kind} ${row.repeat}: ${verdict}, ${row.growth}, ${row.keeper} (${row.seconds} s)`);
}

function table(all: readonly Row[]): string {
  const lines = [
    '| service | leak: over, with its keeper | twin: decided and passed | keeper | made by |',
    '| --- | ---: | ---: | --- | --- |',
  ];
  const share = (name: string, kind: Row['kind']) => {
    const mine = all.filter((row) => row.name === name && row.kind === kind);
    return `${mine.filter(({ isRight }) => isRight).length} of ${mine.length}`;
  };
  for (const { name } of services.filter((each) => all.some((row) => row.name === each.name))) {
    const last = all.findLast((row) => row.name === name && row.kind === 'leak');
    const kept = [`\`${last?.keeper ?? ''}\``, `\`${last?.suspect ?? ''}\``];
    lines.push(`| ${[name, share(name, 'leak'), share(name, 'clean'), ...kept].join(' | ')} |`);
  }
  return lines.join('\n');
}
