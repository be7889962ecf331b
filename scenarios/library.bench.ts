/**
 * `npm run library`: every scenario through the TAP device with the full agent, judged by its budget; then with the defect
 * that is to break it. Prints the tables of docs/scenarios.md. Minutes.
 * Arguments: names of scenarios or of a set; `tap` or `defects` to run only these.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gateRun } from '../harness/commands/gate-command.ts';
import { paceFlags } from '../harness/commands/pace-flags.ts';
import { library } from '../harness/project/library.ts';
import type { ScenarioHead } from '../harness/scenario/capture-scenario.ts';
import { formatValue } from '../reports/format.ts';
import type { RunReport } from '../reports/model.ts';

const program = fileURLToPath(new URL('../bin/floodgate', import.meta.url));
const wanted = process.argv.slice(2).filter((word) => word !== 'tap' && word !== 'defects');
const parts = ['tap', 'defects'].filter((part) => process.argv.includes(part));
const does = (part: string) => parts.length === 0 || parts.includes(part);

interface Ran {
  readonly status: number | null;
  readonly seconds: number;
  readonly report: RunReport | undefined;
}

function floodgate(words: readonly string[]): Ran {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-library-'));
  try {
    const startedMs = performance.now();
    const { status, stderr } = spawnSync(
      process.execPath,
      [program, 'run', ...words, '--out', folder, '--no-explain'],
      {
        encoding: 'utf8',
        env: { ...process.env, CI: '1' },
      },
    );
    const seconds = (performance.now() - startedMs) / 1000;
    if (status === null || ![0, 1, 4].includes(status)) {
      process.stderr.write(stderr);
      return { status, seconds, report: undefined };
    }
    return { status, seconds, report: JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function figure(report: RunReport, name: string): string {
  const found = report.figures.find((each) => each.name === name);
  return found?.value == null ? '–' : formatValue(found.value, found.unit);
}

/** With the defect a scenario fails by its own budget: in the TAP lane, else (a slower agent only drops there) in the exact one. */
function broken({ name, brokenBy = '' }: ScenarioHead, pace: readonly string[]): { right: boolean; cell: string } {
  for (const lane of [['--lane', 'exact', '--agent-until', 'witnesses'], [...pace]]) {
    const { status, report } = floodgate([name, ...lane, '--defect', brokenBy]);
    const over = report?.budgets.filter(({ state }) => state === 'over') ?? [];
    if (status === 1 && (over.length > 0 || report?.partial)) {
      const cell = over.map(({ name: limit, actual, unit }) => `${limit} ${formatValue(actual!, unit)}`).join(', ');
      return { right: true, cell: cell || 'ends' };
    }
    if (status === 1) return { right: true, cell: report!.verdict.headline };
  }
  return { right: false, cell: 'HOLDS' };
}

let failed = 0;
console.log('| scenario | group | verdict | frames | exchanges | RSS at most | took | broken by | which breaks |');
console.log('| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- |');
for (const scenario of await library()) {
  const { name, group = '', sets = [], brokenBy } = scenario;
  if (wanted.length > 0 && !wanted.includes(name) && !sets.some((set) => wanted.includes(set))) continue;
  const { pace } = await gateRun(name);
  const cells = [`\`${name}\``, group];
  if (does('tap')) {
    const { status, seconds, report } = floodgate([name, ...paceFlags(pace)]);
    if (status !== 0) failed += 1;
    cells.push(
      status === 0 ? 'holds' : (report?.verdict.headline ?? `exit ${status}`),
      report ? report.ledger!.framesSent.toLocaleString('en-US') : '',
      report?.exchanges ? report.exchanges.sent.toLocaleString('en-US') : '–',
      report ? figure(report, 'rss.max') : '',
      `${seconds.toFixed(0)} s`,
    );
  } else cells.push('', '', '', '', '');
  if (does('defects') && brokenBy !== undefined) {
    const { right, cell } = broken(scenario, paceFlags(pace));
    if (!right) failed += 1;
    cells.push(`\`${brokenBy}\``, cell);
  } else cells.push(brokenBy ?? '', '');
  console.log(`| ${cells.join(' | ')} |`);
}
process.exitCode = failed === 0 ? 0 : 1;
