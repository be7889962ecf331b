/** docs/metrics.md and docs/exit-codes.md, from the tables (`npm run generate`). Pure. */
import type { Unit } from '../../reports/model.ts';
import { agentExitCodes, type ExitCode, exitCodes } from './exit-codes.ts';
import { type Metric, metrics, sitePatternMetrics } from './table.ts';

const unitWords: Readonly<Record<Unit, string>> = {
  bytes: 'bytes (`200MB`, `64KiB`)',
  bytesPerSecond: 'bytes a second (`10kB/s`)',
  seconds: 'time (`1.5s`, `20ms`)',
  ms: 'time (`20ms`, `1.5s`)',
  share: 'share (`2%`, `0.02`)',
  count: 'count (`12`, `5k`)',
  perSecond: 'rate (`50/s`)',
};

const cell = (text: string) => text.replaceAll('|', '\\|');
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const rows = [
  ...metrics.map(({ name, unit, bound, help }) => [
    `\`${name}\``,
    unitWords[unit],
    bound === 'max' ? 'at most' : 'at least',
    help,
  ]),
  ...sitePatternMetrics.map(({ prefix, unit, help }) => [`\`${prefix}:PATTERN\``, unitWords[unit], 'at most', help]),
];

const uncomparedRows = [
  ...metrics.map(({ name, uncompared }) => [name, uncompared] as const),
  ...sitePatternMetrics.map(({ prefix, uncompared }) => [`${prefix}:PATTERN`, uncompared] as const),
].flatMap(([name, why]) => (why === undefined ? [] : [[`\`${name}\``, why]]));

const namesOf = (isMeant: (metric: Metric) => boolean): string =>
  metrics
    .filter((metric) => isMeant(metric) && metric.uncompared === undefined)
    .map(({ name }) => `\`${name}\``)
    .join(', ');

const generated = (source: string) => `<!-- Generated from ${source} by npm run generate: edit there. -->`;

export function metricsPage(): string {
  return `# Metrics

${generated('harness/metrics/table.ts')}

A limit is \`--budget NAME=VALUE\`, as often as you like, or a line of a scenario's \`budget\`. A number alone is in the
unit of its metric; a unit of something else is refused. \`floodgate list --metrics\` prints this table,
\`floodgate report RUN --budget NAME=VALUE\` judges a run that is over by other limits.

${table(['metric', 'unit', 'a limit is', 'what it is'], rows)}

## What passes

Only a value within its limit. The others:

- **undecided** (\`?\`): it was measured, but not well enough to say. The report says between which figures it lies, and what it
  would take. Where the limit is above both or below both, it is decided all the same, and the report says "at most" or "at least".
- **not measured** (\`?\`): it cannot be known of this target in this lane. The report says why.

Neither passes and neither is a breach: a run without a breach then ends with exit code 4 (see [exit-codes.md](exit-codes.md)).

## What \`compare\` judges

A threshold (\`--threshold NAME=SHARE\`, \`--metric NAME\`, \`thresholds\`) can be on every metric above but these, which \`compare\` refuses (exit code 2):

${table(['metric', 'why'], uncomparedRows)}

Nor does it measure these of a service under a load, where frames and our agent are missing: ${namesOf(({ lanes }) => lanes !== undefined)}.
Of anything but recorded requests (\`requests\` of a scenario) it measures none of these: ${namesOf(({ ofRequests }) => ofRequests === true)}. They are refused too.

A busy machine moves these, so that \`compare\` waits for a quiet one before it judges them: ${namesOf(({ isMovedByNeighbours }) => isMovedByNeighbours)}.
They are time, CPU time, resident memory, buffers (V8 frees them in a thread of its own) and what our agent leaves out when it cannot keep up.
The others are what a program allocates, holds and answers: they are judged on any machine.

## How resident memory is read

A thread of the harness reads \`/proc/PID/statm\` once a millisecond, from the moment the target is ready until it is stopped: idle
and recovery are part of it. **Percentiles and the mean are weighted by time**: each reading counts for the time until the next one, at
most ten usual steps, so that a stall of the reader is not taken for a level that held. A percentile must have ten readings above it:
20 for p50, 200 for p95, 1,000 for p99, 10,000 (ten seconds) for p99.9. With fewer it lies between the highest percentile
that has ten above it and the kernel's own peak (\`VmHWM\`). At 262,144 readings every second one goes, and the higher of two stays.
A service on another machine is read as often as its runtime has new figures, once a second.

\`rss.max\` and \`rss.rise\` count from the first frame or request on: a budget judges what traffic does, and starting may take more
(our agent from its sources 70 MB, of which 28 are left). A percentile can then be above the highest: idle time is in it. What the
start took is a line of the report where it is higher. Of a target that ended before any traffic, \`rss.max\` is all that it took.

PSS and USS cost the kernel milliseconds: they are read every 5 s, and whenever resident memory is 5 % higher than at any reading
before. What rose between two readings makes them undecided by that much. Percentiles of collections need no such care: every one
of them is known.

A pattern is a path relative to the project in which \`*\` stands for anything but a slash and \`**\` for anything, then optionally
\`#\` and a function name in the same manner: \`share:agent/tcp/**=20%\`, \`bytes:src/cache.ts#keep*=50MB\`. A version that \`signoff\` or
\`compare\` checked out has the paths that it has in the project. Such a limit takes a pass of
its own, which samples one allocation in 64 KiB.
`;
}

export function exitCodesPage(): string {
  const rowsOf = (codes: readonly ExitCode[]) => codes.map(({ code, means, detail }) => [String(code), means, detail]);
  return `# Exit codes

${generated('harness/metrics/exit-codes.ts')}

## floodgate

${table(['code', 'means', ''], rowsOf(exitCodes))}

Where several apply: interrupted, then could not run, then over, then undecided. A limit that is broken is broken, whatever else could
not be checked; a gate ends with the code that counts most of its runs.

## floodgate-agent

${table(['code', 'means', ''], rowsOf(agentExitCodes))}
`;
}
