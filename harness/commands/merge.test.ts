import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { createRandom } from '../../agent/seeded-random.ts';
import type { RunReport } from '../../reports/model.ts';
import { reporters } from '../../reports/reporter.ts';
import { sampleRun } from '../../reports/sample-report.ts';
import type { CellFailure, Manifest } from '../shards/manifest.ts';
import { mergePartials } from '../shards/merge-partials.ts';
import { configurationHash, type Partial, PartialWriter, readPartials } from '../shards/partial.ts';
import { parseShard, partOf } from '../shards/shard-choice.ts';
import { merge } from './merge-command.ts';
import { mergedReport } from './merged-report.ts';

const cellsOf = (count: number) => Array.from({ length: count }, (_, at) => `cell-${at}`);
const commonOf = (cells: readonly string[]): Manifest['common'] => ({
  floodgate: '1.0.0',
  commit: 'c0ffee',
  dirty: false,
  configuration: configurationHash('configuration'),
  command: 'floodgate gate',
  cells: [...cells],
  unlimited: [],
});

/** @param minute when it began: a later run of a cell is another one */
function runOf(cell: string, minute: number, exitCode = 0): RunReport {
  const run = sampleRun();
  return {
    ...run,
    startedAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
    scenario: { ...run.scenario, name: cell },
    verdict: { ok: exitCode === 0, exitCode, headline: `ended with ${exitCode}` },
  };
}

const partialOf = (name: string, cells: readonly string[], runs: readonly RunReport[]): Partial<RunReport> => ({
  folder: name,
  manifest: {
    kind: 'shard',
    schemaVersion: 1,
    common: commonOf(cells),
    shard: { index: 1, count: 1 },
    results: runs.map((run) => ({ cell: run.scenario.name, sha256: configurationHash(run) })),
    failures: [],
  },
  results: runs.map((report) => ({ cell: report.scenario.name, report, sha256: configurationHash(report) })),
});

t.test('any split of one set of results, in any order, merges to the same report', async (t) => {
  const result = fc.record({ cell: fc.nat(11), minute: fc.nat(30), exitCode: fc.constantFrom(0, 0, 0, 1, 4) });
  const property = fc.property(
    fc.integer({ min: 1, max: 12 }),
    fc.array(fc.tuple(result, fc.nat(5)), { minLength: 1, maxLength: 30 }),
    fc.array(fc.nat(5), { minLength: 30, maxLength: 30 }),
    (count, given, otherShards) => {
      const cells = cellsOf(count);
      const results = given
        .map(([{ cell, minute, exitCode }, shard]) => ({ run: runOf(`cell-${cell % count}`, minute, exitCode), shard }))
        // Of one time there is one run of a cell.
        .filter(
          ({ run }, at, all) =>
            all.findIndex(
              (each) => each.run.scenario.name === run.scenario.name && each.run.startedAt === run.startedAt,
            ) === at,
        );
      const split = (shardOf: (at: number) => number) =>
        [0, 1, 2, 3, 4, 5].map((shard) =>
          partialOf(
            `s${shard}`,
            cells,
            results.filter((_, at) => shardOf(at) === shard).map(({ run }) => run),
          ),
        );
      const one = mergePartials(split((at) => results[at]!.shard));
      const other = mergePartials(split((at) => otherShards[at]!).reverse());
      const whole = mergePartials([
        partialOf(
          'whole',
          cells,
          results.map(({ run }) => run),
        ),
      ]);
      t.strictSame(other, one);
      t.strictSame(whole, one);
      t.strictSame(mergedReport(other), mergedReport(one));
      // The reference: the latest of each cell.
      for (const cell of cells) {
        const own = results
          .filter(({ run }) => run.scenario.name === cell)
          .map(({ run }) => run.startedAt)
          .sort();
        const kept = one.runs.find(({ scenario }) => scenario.name === cell);
        t.equal(kept?.startedAt, own.at(-1));
        t.equal(one.missing.includes(cell), own.length === 0);
        t.equal(one.replaced.filter(({ run }) => run.scenario.name === cell).length, Math.max(0, own.length - 1));
      }
    },
  );
  fc.assert(property, { seed: 20, numRuns: 60 });
});

t.test('ten random splits, one shard lost: its cells are named, and no others', async (t) => {
  const cells = cellsOf(60);
  for (const [round, count] of [2, 3, 4, 5, 7, 9, 11, 13, 30, 60].entries()) {
    const lost = (round * 7) % count;
    const parts = Array.from({ length: count }, (_, at) => partOf(cells, { index: at + 1, count }));
    t.strictSame(parts.flat().sort(), [...cells].sort(), 'every cell is in one part');
    const partials = parts
      .filter((_, at) => at !== lost)
      .map((own, at) =>
        partialOf(
          `${at}`,
          cells,
          own.map((cell) => runOf(cell, 1)),
        ),
      );
    t.strictSame(mergePartials(partials).missing, parts[lost]);
  }
  // Whichever machine measured what: by chance, with repeats.
  for (let seed = 1; seed <= 10; seed += 1) {
    const random = createRandom(seed, 'split');
    const count = random.integer(2, 12);
    const parts = Array.from({ length: count }, (): string[] => []);
    for (const cell of cells)
      for (let times = random.integer(1, 2); times > 0; times -= 1) parts[random.below(count)]!.push(cell);
    const [lost, ...kept] = parts.map((own, at) =>
      partialOf(
        `${at}`,
        cells,
        [...new Set(own)].map((cell) => runOf(cell, at)),
      ),
    );
    const there = new Set(kept.flatMap(({ results }) => results.map(({ cell }) => cell)));
    const { missing, runs } = mergePartials(kept);
    t.strictSame(
      missing,
      cells.filter((cell) => !there.has(cell)),
      `seed ${seed}`,
    );
    t.strictSame(
      [...missing].sort(),
      lost!.results
        .map(({ cell }) => cell)
        .filter((cell) => !there.has(cell))
        .sort(),
    );
    t.equal(runs.length + missing.length, cells.length);
  }
});

t.test('what was not measured is no pass; what was run again is marked', async (t) => {
  const cells = cellsOf(3);
  const first = partialOf('a', cells, [runOf('cell-0', 1, 1), runOf('cell-1', 2)]);
  const again = partialOf('b', cells, [runOf('cell-0', 5)]);
  const report = mergedReport(mergePartials([first, again]));
  t.match(report.verdict, { ok: false, exitCode: 4, headline: 'Not measured: cell-2.' });
  t.match(report.notes, [
    { text: 'cell-2 was not measured by any shard' },
    { text: /^cell-0 was run again: the run of 2026-01-01T00:05:00.000Z counts, .* \(it said: ended with 1\)$/ },
  ]);
  t.equal(mergedReport(mergePartials([first, again, first])).notes.length, 2, 'the same folder twice is once');
  const worse = mergedReport(
    mergePartials([
      partialOf(
        'a',
        cells,
        cells.map((cell) => runOf(cell, 1, 1)),
      ),
    ]),
  );
  t.match(worse.verdict, { exitCode: 1, headline: /^3 of 3 scenarios over budget/ });
});

t.test('a run that could not run is one as well: the later counts', async (t) => {
  const cells = cellsOf(2);
  const failing = (how: CellFailure['how'], minute?: number): Partial<RunReport> => {
    const empty = partialOf('f', cells, []);
    const at = minute === undefined ? undefined : new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
    const failure = { cell: 'cell-0', how, why: 'no target', ...(at !== undefined && { at }) };
    return { ...empty, manifest: { ...empty.manifest, failures: [failure] } };
  };
  const whole = partialOf('a', cells, [runOf('cell-0', 5), runOf('cell-1', 5)]);
  const over =
    /^cell-0 could not run (at 2026-01-01T00:0[59]:00.000Z, later|at a time .* may be later): no target; the run of 2026-01-01T00:05:00.000Z \(it said: ended with 0\) does not count$/;
  for (const failure of [failing('failed', 9), failing('killed', 9), failing('failed', 5), failing('failed')]) {
    for (const partials of [
      [whole, failure],
      [failure, whole],
    ]) {
      const merged = mergePartials(partials);
      t.strictSame(merged.missing, ['cell-0']);
      const { verdict, notes, runs } = mergedReport(merged);
      t.match(verdict, { ok: false, exitCode: 2, headline: /^cell-0 could not run: no target\.$/ });
      t.match(notes, [{ text: over }]);
      t.equal(runs.length, 1);
    }
  }
  const recovered = mergedReport(
    mergePartials([failing('failed', 1), failing('killed', 2), failing('failed', 1), whole]),
  );
  t.equal(recovered.verdict.exitCode, 0);
  t.match(recovered.notes, [
    {
      text: /^cell-0 was run again: the run of 2026-01-01T00:05:00.000Z counts; that of 2026-01-01T00:02:00.000Z could/,
    },
    { text: /that of 2026-01-01T00:01:00.000Z could not run \(no target\)$/ },
  ]);
  t.strictSame(mergedReport(mergePartials([failing('unfinished'), whole])), mergedReport(mergePartials([whole])));
  const alone = mergedReport(mergePartials([failing('failed', 9), partialOf('a', cells, [runOf('cell-1', 5)])]));
  t.match(alone, {
    verdict: { exitCode: 4, headline: 'Not measured: cell-0.' },
    notes: [{ text: /shard: no target$/ }],
  });
});

t.test('shards of something else are refused, and what differs is named', async (t) => {
  const cells = cellsOf(2);
  const a = partialOf('a', cells, [runOf('cell-0', 1)]);
  const others: [{ readonly [Name in keyof Manifest['common']]?: Manifest['common'][Name] }, RegExp][] = [
    [{ floodgate: '1.0.1' }, /a and b are of another version of floodgate: "1\.0\.0" and "1\.0\.1"/],
    [{ commit: 'decaf' }, /another commit of the project: "c0ffee" and "decaf"/],
    [
      { dirty: true, changes: 'a'.repeat(64), changed: [{ name: 'server.js', content: 'a'.repeat(16) }] },
      /another working tree \(uncommitted changes\): server\.js$/,
    ],
    [{ configuration: configurationHash('another') }, /another configuration, limits, seeds or ledger/],
    [{ cells: cellsOf(3) }, /another list of cells/],
    [{ command: 'floodgate gate --quick' }, /another command line/],
  ];
  for (const [change, message] of others) {
    const b = partialOf('b', cells, [runOf('cell-1', 1)]);
    const changed = { ...b, manifest: { ...b.manifest, common: { ...b.manifest.common, ...change } } };
    t.throws(() => mergePartials([a, changed]), { code: 'shards-differ', message });
  }
  const seeded = runOf('cell-0', 2);
  const b = partialOf('b', cells, [{ ...seeded, scenario: { ...seeded.scenario, seed: 99 } }]);
  t.throws(() => mergePartials([a, b]), { code: 'shards-differ', message: /"cell-0" was run with two seeds/ });
});

t.test('a file that git does not know is no difference, and is warned of; in whichever order', async (t) => {
  const cells = cellsOf(2);
  const key = (digit: string) => digit.repeat(16);
  const base = { label: 'main', commit: 'c'.repeat(40), dirty: false, package: null, key: key('0') };
  const head = { label: '.', commit: 'd'.repeat(40), dirty: false, package: null, key: key('1') };
  const comparison = { base, head, seed: 1, undecided: 'fail' } as const;
  const of = (name: string, cell: string, change: object) => {
    const partial = partialOf(name, cells, [runOf(cell, 1)]);
    return { ...partial, manifest: { ...partial.manifest, common: { ...partial.manifest.common, ...change } } };
  };
  const [clean, littered] = [of('a', 'cell-0', {}), of('b', 'cell-1', { dirty: true })];
  for (const both of [
    [clean, littered],
    [littered, clean],
  ]) {
    t.match(mergedReport(mergePartials(both)).notes, [{ text: /files that git does not know were not compared/ }]);
  }
  const compared = [
    of('a', 'cell-0', { comparison }),
    of('b', 'cell-1', { dirty: true, comparison: { ...comparison, head: { ...head, dirty: true, key: key('2') } } }),
  ];
  t.equal(mergePartials(compared).common.comparison?.head.dirty, true);
  // Of a package there is nothing but its content.
  const published = { ...head, commit: null, package: 'shop@1.0.0' };
  const packages = [key('1'), key('2')].map((each, at) =>
    of(`${at}`, `cell-${at}`, { comparison: { ...comparison, head: { ...published, key: each } } }),
  );
  t.throws(() => mergePartials(packages), { code: 'shards-differ', message: /another base, head or seed/ });
  const both = ['a', 'b'].map((content, at) =>
    of(`${at}`, `cell-${at}`, {
      dirty: true,
      changes: content.repeat(64),
      changed: [
        { name: 'same.js', content: key('1') },
        ...Array.from({ length: 7 }, (_, file) => ({ name: `${file}.js`, content: key(content) })),
      ],
    }),
  );
  t.throws(() => mergePartials(both), { message: /changes\): 0\.js, 1\.js, 2\.js, 3\.js, 4\.js and 2 more$/ });
});

t.test('a partial report on disk loses nothing, grows with each cell, and is checked when it is read', async (t) => {
  const dir = t.testdir();
  const shards = ['one', 'two'].map((name) => path.join(dir, name));
  const cells = cellsOf(3);
  const writers = shards.map(
    (folder, at) => new PartialWriter(folder, { common: commonOf(cells), shard: { index: at + 1, count: 2 } }),
  );
  t.same(
    readPartials([dir]).map(({ results }) => results),
    [[], []],
  );
  writers[0]!.add('cell-0', runOf('cell-0', 1));
  writers[0]!.add('cell-2', runOf('cell-2', 2));
  writers[1]!.add('cell-1', runOf('cell-1', 3));
  const [first, second] = readPartials([dir]);
  t.strictSame(
    first!.results.map(({ report }) => report),
    [runOf('cell-0', 1), runOf('cell-2', 2)],
  );
  t.equal(mergePartials([first!, second!]).missing.length, 0);
  t.strictSame(readPartials([...shards].reverse()), [second, first]);
  t.throws(() => readPartials([path.join(dir, 'three')]), { code: 'shard-missing' });
  const manifest = path.join(shards[0]!, 'shard.json');
  const cell = path.join(shards[0]!, '+cells', 'cell-0.json');
  const written = { manifest: readFileSync(manifest, 'utf8'), cell: readFileSync(cell, 'utf8') };
  const faults: [string, string | undefined, RegExp][] = [
    [cell, written.cell.replace('ended', 'begun'), /the report of "cell-0" is not the one that was written/],
    [cell, undefined, /\+cells\/cell-0\.json is missing/],
    [manifest, written.manifest.slice(0, 90), /JSON/],
    [manifest, written.manifest.replace('"cell":"cell-0"', '"cell":"../../etc"'), /a name of a scenario is expected/],
    [manifest, written.manifest.replace('"cell":"cell-0"', '"cell":"cell-9"'), /"cell-9" is none of its cells/],
    [manifest, written.manifest.replace('"cell":"cell-0"', '"cell":"cell-2"'), /a cell stands twice/],
    [manifest, written.manifest.replace('"count":2', '"count":100000000'), /shard\.count: Invalid value/],
    [
      manifest,
      written.manifest.replace('"failures":[]', '"failures":[{"cell":"cell-0","how":"x","why":""}]'),
      /failures\.0\.how/,
    ],
    [cell, written.cell.replace(/"startedAt":"[^"]*"/, '"startedAt":"soon"'), /not the one that was written/],
    [manifest, '[]', /kind: Invalid key/],
    [manifest, 'null', /shard\.json: Invalid type/],
  ];
  for (const [file, text, message] of faults) {
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
    t.throws(() => readPartials([dir]), { code: 'shard-invalid', message });
    writeFileSync(manifest, written.manifest);
    writeFileSync(cell, written.cell);
  }
  rmSync(cell);
  mkdirSync(cell);
  t.throws(() => readPartials([dir]), { code: 'shard-invalid', message: /is no file/ }, 'a folder in its place');
  rmSync(cell, { recursive: true });
  execFileSync('mkfifo', [cell]);
  t.throws(() => readPartials([dir]), { code: 'shard-invalid', message: /is no file/ }, 'a pipe is not waited for');
  rmSync(cell);
  writeFileSync(cell, '');
  truncateSync(cell, 300 << 20);
  t.throws(() => readPartials([dir]), { code: 'shard-invalid', message: /is larger than the 256 MiB that are left/ });
  const writer = new PartialWriter(shards[0]!, { common: commonOf(cells), shard: { index: 1, count: 2 } });
  writer.addText('cell-0', JSON.stringify({ ...runOf('cell-0', 1), startedAt: 'soon' }));
  t.throws(() => readPartials([dir]), { code: 'shard-invalid', message: /is one of something else/ }, 'no time');
});

t.test('where nothing at all was measured there is nothing to render', async (t) => {
  const dir = t.testdir();
  const writer = new PartialWriter(dir, { common: commonOf(cellsOf(2)), shard: { index: 1, count: 1 } });
  writer.fail({ cell: 'cell-0', how: 'failed', why: 'no target' });
  for (const [partial, exitCode] of [
    [true, 4],
    [false, 2],
  ] as const) {
    await t.rejects(merge([dir], { partial }), {
      ...{ code: 'cells-missing', exitCode, message: /^nothing was measured: cell-0 \(no target\), cell-1/ },
      hint: /^(?!.*--partial)/,
    });
  }
  writer.add('cell-1', runOf('cell-1', 1));
  await t.rejects(merge([dir], {}), { exitCode: 2, message: /^no shard measured: cell-0/, hint: /--partial/ });
  // The shard was run before: what it came to then does not count, and whoever does not want that can leave it out.
  const before = new PartialWriter(path.join(dir, 'before'), {
    ...{ common: commonOf(cellsOf(2)), shard: { index: 1, count: 1 } },
  });
  before.add('cell-0', runOf('cell-0', 0));
  await t.rejects(merge([dir, path.join(dir, 'before')], {}), {
    ...{ exitCode: 2, message: /^no shard measured: cell-0 could not run .* does not count$/ },
    hint: /leave out its folder/,
  });
});

t.test('which part: as typed, or as CI says', async (t) => {
  t.same(parseShard('2/5', {}), { index: 2, count: 5 });
  t.same(parseShard('auto', { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '5' }), { index: 2, count: 5 });
  t.same(parseShard('auto', { CIRCLE_NODE_INDEX: '0', CIRCLE_NODE_TOTAL: '3' }), { index: 1, count: 3 });
  t.same(parseShard('auto/5', { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '' }), { index: 2, count: 5 });
  t.same(parseShard('auto/8', { JOB_COMPLETION_INDEX: '7' }), { index: 8, count: 8 });
  t.same(parseShard('auto/5', { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '5' }), { index: 2, count: 5 });
  const both = { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '5', JOB_COMPLETION_INDEX: '1' };
  t.same(parseShard('auto', both), { index: 2, count: 5 }, 'two that say the same');
  const late = { CI_NODE_INDEX: '2', CIRCLE_NODE_INDEX: '1', CIRCLE_NODE_TOTAL: '5' };
  t.same(parseShard('auto', late), { index: 2, count: 5 }, 'one has the index, another one the count');
  for (const [text, environment, message] of [
    ['0/5', {}, /none of 1\/5 to 5\/5/],
    ['6/5', {}, /none of 1\/5/],
    ['2', {}, /does not say of how many/],
    ['half', {}, /is no shard/],
    ['auto', {}, /none of CI_NODE_INDEX, .* is set/],
    ['auto', { JOB_COMPLETION_INDEX: '0' }, /nothing says of how many/],
    ['auto/3', { JOB_COMPLETION_INDEX: '3' }, /JOB_COMPLETION_INDEX=3 is none of/],
    ['auto', { CI_NODE_INDEX: 'x', CI_NODE_TOTAL: '5' }, /CI_NODE_INDEX=x is none of 1\/5/],
    [
      'auto',
      { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '' },
      /CI_NODE_INDEX=2, and nothing says .*: CI_NODE_TOTAL is empty$/,
    ],
    ['auto', { CI_NODE_INDEX: '2' }, /nothing says of how many: CI_NODE_TOTAL is not set$/],
    ['auto', { CI_NODE_INDEX: '2', CI_NODE_TOTAL: 'two' }, /CI_NODE_TOTAL=two is no count of shards/],
    ['auto', { CIRCLE_NODE_INDEX: '', CIRCLE_NODE_TOTAL: '3' }, /none of CI_NODE_INDEX, .* is set/],
    ['auto/4', { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '5' }, /^--shard auto\/4: CI_NODE_TOTAL=5 says another count$/],
    [
      'auto',
      { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '5', JOB_COMPLETION_INDEX: '2' },
      /CI_NODE_INDEX=2 with CI_NODE_TOTAL=5 and JOB_COMPLETION_INDEX=2 say two different things$/,
    ],
    [
      'auto/5',
      { CI_NODE_INDEX: '2', CI_NODE_TOTAL: '5', CIRCLE_NODE_INDEX: '1', CIRCLE_NODE_TOTAL: '6' },
      /and CIRCLE_NODE_INDEX=1 with CIRCLE_NODE_TOTAL=6 say two/,
    ],
    ['1/0', {}, /^--shard 1\/0: 0 is no count of shards/],
    ['auto/0', { JOB_COMPLETION_INDEX: '0' }, /0 is no count of shards/],
  ] as const) {
    t.throws(() => parseShard(text, environment), { code: 'option-invalid', message }, text);
  }
});

t.test('a shard without a cell has a report as well', async (t) => {
  const [run] = [runOf('cell-0', 1)];
  const empty = { ...mergedReport(mergePartials([partialOf('a', ['cell-0'], [run!])])), runs: [] };
  for (const { render } of reporters) t.not(render(empty), '');
});
