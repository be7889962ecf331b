/** Programs that touch known amounts of memory, in threads, children and other languages, and what the report must say of each. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunReport } from '../../reports/model.ts';

export interface FamilyCase {
  readonly name: string;
  readonly words: readonly string[];
  /** What is compiled or must be installed for it; undefined where all is there. */
  readonly prepare?: (folder: string) => string | undefined;
  readonly checks: (report: RunReport, folder: string) => readonly FamilyCheck[];
}

export interface FamilyCheck {
  readonly what: string;
  /** What the program touched, and what is reported of it. */
  readonly truthBytes: number;
  readonly bytes: number;
}

/** The load is a word that programs may begin: a file. What they hold then is looked at for a while. */
const words = (target: string) => [
  ...['--target', target, '--ready', '^ready', '--idle', '1500ms', '--recover', '300ms'],
  ...['--load', "sh -c 'echo > go; sleep 5; rm go'"],
];

const startMs = 500;

/** The highest level of a line less that before the load began; NaN where there is no such line. */
function riseOf({ series, phases }: RunReport, name: string | RegExp): number {
  const [idle] = phases;
  for (const { tMs, columns } of series) {
    const column = columns.find((each) => (typeof name === 'string' ? each.name === name : name.test(each.name)));
    if (!column) continue;
    const rows = column.values.flatMap((value, i) => (value === null ? [] : [{ value, ms: tMs[i]! }]));
    // The load is started a moment before its phase begins.
    const before = rows.findLast(({ ms }) => ms <= idle!.endMs - startMs) ?? rows[0];
    return Math.max(...rows.map(({ value }) => value)) - before!.value;
  }
  return Number.NaN;
}

const rise = (what: string, truthBytes: number, report: RunReport, line: string | RegExp): FamilyCheck => ({
  what,
  truthBytes,
  bytes: riseOf(report, line),
});

const compiled = (command: string, args: readonly string[]) => (folder: string) => {
  const { status, error, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  if (error) return `${command} is not installed`;
  return status === 0 ? undefined : stderr;
};

export const familyCases: readonly FamilyCase[] = [
  {
    name: 'worker_threads',
    words: words('node threads.mjs'),
    checks: (report) => [
      rise('process', 600e6, report, 'rss'),
      rise('heap of thread "doubles"', 200e6, report, /^thread \d+ doubles heapUsed$/),
      rise('heap of thread "both"', 100e6, report, /^thread \d+ both heapUsed$/),
      ...['buffers', 'both'].map((name) => ({
        what: `buffers of thread "${name}"`,
        truthBytes: name === 'both' ? 100e6 : 200e6,
        bytes: report.family?.threads.find((each) => each.name === name)?.externalMaxBytes ?? Number.NaN,
      })),
    ],
  },
  {
    name: 'cluster of four',
    words: words('node cluster.mjs'),
    checks: (report) => [
      rise('all together (tree)', 800e6, report, 'tree'),
      ...(report.family?.processes ?? []).map(({ pid }, i) =>
        rise(`worker ${i + 1}`, 200e6, report, new RegExp(`^process ${pid} `)),
      ),
    ],
  },
  {
    name: 'child_process',
    words: words('node children.mjs'),
    checks: (report) => [
      rise('all together (tree)', 600e6, report, 'tree'),
      ...(report.family?.processes ?? [])
        .filter(({ command }) => !/^(\S*\/)?sh /.test(command))
        .map(({ pid, command }) =>
          rise(command.replaceAll(/\S*\//g, ''), 200e6, report, new RegExp(`^process ${pid} `)),
        ),
    ],
  },
  {
    name: 'Go',
    prepare: compiled('go', ['build', '-o', 'touched-go', 'touched.go']),
    words: words(`./touched-go ${96 * (1 << 20)}`),
    checks: (report, folder) => {
      // Bitmaps of the collector: one byte for 32.
      const tables = Number(readFileSync(path.join(folder, 'tables'), 'utf8'));
      return [rise("process, with Go's own tables", 96 * (1 << 20) + tables, report, 'rss')];
    },
  },
  {
    name: 'C',
    prepare: compiled('gcc', ['-g', '-O1', '-o', 'touched-c', 'touched.c']),
    words: words('./touched-c'),
    checks: (report) => [rise('process', 100e6, report, 'rss')],
  },
  {
    name: 'C under a heap profiler, call sites',
    prepare: compiled('gcc', ['-g', '-O1', '-o', 'touched-c', 'touched.c']),
    words: [...words('./touched-c'), '--budget', 'rss.max=10MB'],
    checks: (report) => {
      const suspects = report.spikes.flatMap((spike) => spike.suspects);
      return [['keep_blocks', 60e6] as const, ['keep_whole', 40e6] as const].map(([name, truthBytes]) => {
        const found = suspects.find(({ functionName }) => functionName === name);
        return {
          what: `${found ? `${path.basename(found.file)}:${found.line} ` : ''}${name}`,
          truthBytes,
          bytes: found?.selfBytes ?? Number.NaN,
        };
      });
    },
  },
  {
    name: 'Python',
    prepare: compiled('python3', ['--version']),
    words: words('python3 touched.py 100000000'),
    checks: (report) => [rise('process', 100e6, report, 'rss')],
  },
];
