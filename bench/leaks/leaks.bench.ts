/**
 * `npm run bench:leaks [-- --repeats 5 --seconds 20 --out FILE NAME…]`: twelve leaking services over a limit on growth, with their keeper
 * named, and twelve clean twins decided and passed. Hours for all; what is in FILE already is not run again.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RunReport } from '../../reports/model.ts';
import { type LeakingService, leakingServices } from './services.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeats: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '20' },
    budget: { type: 'string' },
    out: { type: 'string', default: path.join(root, 'runs', 'leaks.jsonl') },
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

const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-leaks-'));
try {
  const wanted = leakingServices.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const hasGo = buildGo();
  for (let repeat = 1; repeat <= Number(values.repeats); repeat += 1) {
    for (const service of wanted) {
      if (service.pprof && !hasGo) {
        console.log(`${service.name}: skipped, there is no Go here`);
        continue;
      }
      for (const kind of ['leak', 'clean'] as const) {
        const isKnown = rows().some((row) => row.name === service.name && row.kind === kind && row.repeat === repeat);
        if (!isKnown) record(tryService(service, kind, repeat));
      }
    }
  }
  console.log(table(rows()));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function buildGo(): boolean {
  const source = path.join(root, 'bench/leaks/testdata/map-in-go/main.go');
  return spawnSync('go', ['build', '-o', path.join(folder, 'map-in-go'), source], { stdio: 'inherit' }).status === 0;
}

function tryService(service: LeakingService, kind: Row['kind'], repeat: number): Row {
  const out = path.join(folder, `${service.name}-${kind}-${repeat}`);
  const target = service.target.replace('{kind}', kind).replace('{folder}', folder);
  const load = `node_modules/.bin/autocannon -c 10 -d ${values.seconds} http://127.0.0.1:{port}/`;
  const words = [
    '--target',
    target,
    '--load',
    load,
    '--budget',
    values.budget ?? service.budget,
    '--idle',
    '1s',
    '--recover',
    '2s',
  ];
  if (service.pprof) words.push('--pprof', service.pprof);
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['bin/floodgate', 'run', ...words, '--out', out], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, CI: '1', PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}` },
  });
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  const base = { name: service.name, kind, repeat, exitCode: status, seconds };
  try {
    return {
      ...base,
      ...judge(service, kind, status, JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8'))),
    };
  } catch {
    return { ...base, isRight: false, growth: stderr.slice(-120), cause: '', keeper: '', suspect: '' };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
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
    growth: `${budget?.state} ${budget?.actual?.toFixed(0) ?? budget?.note ?? ''}`,
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
  console.log(
    `${row.name} ${row.kind} ${row.repeat}: ${row.isRight ? 'right' : 'WRONG'}, ${row.growth}, ${row.keeper} (${row.seconds} s)`,
  );
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
  for (const { name } of leakingServices) {
    const last = all.findLast((row) => row.name === name && row.kind === 'leak');
    const cells = [
      name,
      share(name, 'leak'),
      share(name, 'clean'),
      `\`${last?.keeper ?? ''}\``,
      `\`${last?.suspect ?? ''}\``,
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}
