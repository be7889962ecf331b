/** Programs that touch known amounts of memory, in threads, children and other languages, and what the report must say of each. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { RunReport } from '../../reports/model.ts';

export interface FamilyCase {
  readonly name: string;
  readonly words: readonly string[];
  /** What is compiled or must be installed for it; undefined where all is there. */
  readonly prepare?: (folder: string) => string | undefined;
  readonly checks: (report: RunReport, output: string) => readonly FamilyCheck[];
}

export interface FamilyCheck {
  readonly what: string;
  /** What the program touched, and what is reported of it. */
  readonly truthBytes: number;
  readonly bytes: number;
}

/** The programs begin 2.5 s after they are ready; the run looks on for 300 ms before its clock starts. */
const words = (target: string) => [
  ...['--target', target, '--ready', '^ready', '--idle', '300ms', '--recover', '300ms', '--duration', '6s'],
];
const beforeMs = [600, 2_200] as const;

/** The highest level of a line less that before the program began; NaN where there is no such line. */
function riseOf({ series }: RunReport, name: string | RegExp): number {
  for (const { tMs, columns } of series) {
    const column = columns.find((each) => (typeof name === 'string' ? each.name === name : name.test(each.name)));
    if (!column) continue;
    const start = tMs[0] ?? 0;
    const before = column.values.filter(
      (value, i) => value !== null && tMs[i]! >= start + beforeMs[0] && tMs[i]! <= start + beforeMs[1],
    ) as number[];
    const all = column.values.filter((value) => value !== null) as number[];
    if (before.length > 0) return Math.max(...all) - before.toSorted((a, b) => a - b)[before.length >> 1]!;
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
      rise('process', 180e6, report, 'rss'),
      rise('heap of thread "doubles"', 60e6, report, /^thread \d+ doubles heapUsed$/),
      rise('heap of thread "both"', 30e6, report, /^thread \d+ both heapUsed$/),
      ...['buffers', 'both'].map((name) => ({
        what: `buffers of thread "${name}"`,
        truthBytes: name === 'both' ? 30e6 : 60e6,
        bytes: report.family?.threads.find((each) => each.name === name)?.externalMaxBytes ?? Number.NaN,
      })),
    ],
  },
  {
    name: 'cluster of four',
    words: words('node cluster.mjs'),
    checks: (report) => [
      rise('all together (tree)', 160e6, report, 'tree'),
      ...(report.family?.processes ?? []).map(({ pid }, i) =>
        rise(`worker ${i + 1}`, 40e6, report, new RegExp(`^process ${pid} `)),
      ),
    ],
  },
  {
    name: 'child_process',
    words: words('node children.mjs'),
    checks: (report) => [
      rise('all together (tree)', 150e6, report, 'tree'),
      ...(report.family?.processes ?? [])
        .filter(({ command }) => !command.startsWith('sh '))
        .map(({ pid, command }) =>
          rise(command.replaceAll(/\S*\//g, ''), 50e6, report, new RegExp(`^process ${pid} `)),
        ),
    ],
  },
  {
    name: 'Go',
    prepare: compiled('go', ['build', '-o', 'touched-go', 'touched.go']),
    words: words('./touched-go 100000000'),
    checks: (report, output) => {
      const tables = Number(/tables (\d+)/.exec(output)?.[1]);
      return [rise(`process (Go's own tables: ${tables} bytes)`, 96 * (1 << 20), report, 'rss')];
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
    words: words('python3 touched.py 100000000 2.5'),
    checks: (report) => [rise('process', 100e6, report, 'rss')],
  },
];
