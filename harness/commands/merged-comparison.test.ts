/** Comparisons whose cells were measured by several machines. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { sampleComparison } from '../../reports/comparison-fixture.ts';
import { readComparison } from '../../reports/comparison-reader.ts';
import type { Manifest } from '../shards/manifest.ts';
import { mergePartials } from '../shards/merge-partials.ts';
import { configurationHash, type Partial, PartialWriter, readPartials } from '../shards/partial.ts';
import { askedComparison, comparisonWords } from './comparison-words.ts';
import { mergedComparison } from './merged-comparison.ts';

const version = (label: string, digit: string) => ({
  ...{ label, commit: digit.repeat(40), dirty: false, package: null, key: digit.repeat(16) },
});
const comparison: NonNullable<Manifest['common']['comparison']> = {
  ...{ base: version('main', 'a'), head: version('.', 'b'), seed: 7, undecided: 'fail' },
};
const commonOf = (cells: readonly string[], change: object = {}): Manifest['common'] => ({
  ...{ floodgate: '1', commit: 'b'.repeat(40), dirty: false, configuration: configurationHash('c') },
  ...{ command: 'floodgate compare --base main', cells: [...cells], unlimited: [], comparison, ...change },
});

/** @param minute when it began. @param decision of its first metric; `dead`: the head died */
function cellOf(cell: string, minute: number, decision: 'worse' | 'within' | 'undecided' | 'dead'): ComparisonReport {
  const sample = sampleComparison(cell);
  const [scenario] = sample.scenarios;
  const isDead = decision === 'dead';
  const metrics = [{ ...scenario!.metrics[0]!, decision: isDead ? 'within' : decision }];
  const head = { ok: false, exitCode: 1, headline: 'head (.): The target died under the traffic' };
  return {
    ...sample,
    startedAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
    base: { ...comparison.base, label: 'a'.repeat(40) },
    head: comparison.head,
    scenarios: isDead ? [] : [{ ...scenario!, metrics }],
    timelines: isDead ? [] : sample.timelines,
    flames: isDead ? [] : sample.flames,
    verdict: isDead ? head : { ok: decision === 'within', exitCode: decision === 'within' ? 0 : 1, headline: decision },
  };
}

type Cell = readonly [cell: string, report: ComparisonReport];
const partialOf = (folder: string, common: Manifest['common'], cells: readonly Cell[]): Partial<ComparisonReport> => ({
  folder,
  manifest: {
    ...{ kind: 'shard', schemaVersion: 1, common, shard: { index: 1, count: 1 }, failures: [] },
    results: cells.map(([cell, report]) => ({ cell, sha256: configurationHash(report) })),
  },
  results: cells.map(([cell, report]) => ({ cell, report, sha256: configurationHash(report) })),
});

t.test('any split, in any order, merges to the same comparison', async (t) => {
  const result = fc.record({
    cell: fc.nat(5),
    minute: fc.nat(20),
    decision: fc.constantFrom('worse', 'within', 'undecided', 'dead'),
  });
  const property = fc.property(
    fc.array(fc.tuple(result, fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 15 }),
    (given) => {
      const cells = ['a', 'b', 'c', 'd', 'e', 'f'];
      const common = commonOf(cells);
      const all = given.map(([{ cell, minute, decision }, ...shards]) => {
        const report: Cell = [cells[cell]!, cellOf(cells[cell]!, minute, decision as 'worse')];
        return { report, shards };
      });
      const split = (which: 0 | 1) =>
        [0, 1, 2, 3].map((shard) =>
          partialOf(
            `s${shard}`,
            common,
            all.filter(({ shards }) => shards[which] === shard).map(({ report }) => report),
          ),
        );
      const whole = mergedComparison(
        mergePartials([
          partialOf(
            'whole',
            common,
            all.map(({ report }) => report),
          ),
        ]),
      );
      t.strictSame(mergedComparison(mergePartials(split(0))), whole);
      t.strictSame(mergedComparison(mergePartials(split(1).reverse())), whole);
      t.ok(readComparison(JSON.stringify(whole)));
      const there = new Set(all.map(({ report: [cell] }) => cell));
      t.equal(whole.verdict.exitCode === 0, there.size === 6 && whole.scenarios.length === 6 && isWithin(whole));
    },
  );
  fc.assert(property, { seed: 20, numRuns: 60 });
});

function isWithin({ scenarios }: ComparisonReport): boolean {
  return scenarios.every(({ metrics }) => metrics.every(({ decision }) => decision === 'within'));
}

t.test('what is missing is no pass, what was run again is marked, a head that died is worse', async (t) => {
  const common = commonOf(['cart', 'search', 'pay']);
  const first = partialOf('x', common, [
    ['cart', cellOf('cart', 1, 'worse')],
    ['search', cellOf('search', 2, 'within')],
  ]);
  const again = partialOf('y', common, [['cart', cellOf('cart', 9, 'within')]]);
  const merged = mergedComparison(mergePartials([first, again]));
  t.match(merged, { command: 'floodgate compare --base main', base: { label: 'main' } });
  t.match(merged.verdict, { ok: false, exitCode: 4, headline: 'Not measured: pay.' });
  t.match(merged.scenarios[0]!.notes.at(-1), { text: /^cart was run again: .* does not \(it said: worse\)$/ });
  t.same([merged.startedAt, merged.durationMs], ['2026-01-01T00:02:00.000Z', 8 * 60_000], 'of the runs that count');
  const died = partialOf('z', common, [['pay', cellOf('pay', 9, 'dead')]]);
  const dead = mergedComparison(mergePartials([first, again, died]));
  t.match(dead.verdict, {
    ok: false,
    exitCode: 1,
    headline: /^head \(\.\): The target died under the traffic; WITHIN: /,
  });
  const undecided = partialOf('u', commonOf(['cart']), [['cart', cellOf('cart', 1, 'undecided')]]);
  t.equal(mergedComparison(mergePartials([undecided])).verdict.exitCode, 4);
  const passing = commonOf(['cart'], { comparison: { ...comparison, undecided: 'pass' } });
  const accepted = partialOf('u', passing, [['cart', cellOf('cart', 1, 'undecided')]]);
  t.equal(mergedComparison(mergePartials([accepted])).verdict.exitCode, 0);
});

t.test('a part of another comparison, or of a gate, is refused; another name of one version is not', async (t) => {
  const part = (change: object) => partialOf('y', commonOf(['cart'], change), []);
  const first = partialOf('x', commonOf(['cart']), [['cart', cellOf('cart', 1, 'within')]]);
  const { base, head } = comparison;
  const others: object[] = [
    { comparison: { ...comparison, base: version('main', 'c') } },
    { comparison: { ...comparison, head: version('.', 'c') } },
    { comparison: { ...comparison, head: { ...version('.', 'c'), dirty: true } } },
    { comparison: { ...comparison, base: { ...base, commit: null, package: 'shop@1.0.0' } } },
    { comparison: { ...comparison, seed: 8 } },
    { comparison: { ...comparison, undecided: 'pass' } },
    { comparison: undefined },
    { changes: configurationHash('other') },
    { configuration: configurationHash('other') },
    { command: 'floodgate gate' },
  ];
  for (const change of others)
    t.throws(() => mergePartials([first, part(change)]), { code: 'shards-differ' }, JSON.stringify(change));
  t.ok(mergePartials([first, part({ comparison: { ...comparison, base: { ...base, label: 'origin/main' } } })]));
  const dirty = (key: string) => ({
    changes: configurationHash('same'),
    comparison: { ...comparison, head: { ...head, dirty: true, key } },
  });
  t.ok(mergePartials([part(dirty('1'.repeat(16))), part(dirty('2'.repeat(16)))]), 'one content, two times of files');
  const clean = part({ changes: configurationHash('same') });
  t.throws(() => mergePartials([clean, part(dirty(head.key))]), {
    code: 'shards-differ',
    message: /base, head or seed/,
  });
  const littered = { dirty: true, comparison: { ...comparison, head: { ...head, dirty: true } } };
  t.ok(mergePartials([first, part(littered)]), 'a file that git does not know');
});

t.test('a comparison that could not be made later is no verdict; one that could not before is noted', async (t) => {
  const common = commonOf(['cart', 'pay']);
  const whole = partialOf('a', common, [
    ['cart', cellOf('cart', 5, 'within')],
    ['pay', cellOf('pay', 5, 'within')],
  ]);
  const failing = (at: string) => {
    const empty = partialOf('f', common, []);
    const failure = { cell: 'cart', how: 'failed', why: 'no build', at } as const;
    return { ...empty, manifest: { ...empty.manifest, failures: [failure] } };
  };
  const later = mergedComparison(mergePartials([whole, failing('2026-01-01T00:09:00.000Z')]));
  t.match(later, {
    verdict: { exitCode: 2, headline: /^cart could not run: no build\./ },
    scenarios: [{ name: 'pay' }],
  });
  const before = mergedComparison(mergePartials([whole, failing('2026-01-01T00:01:00.000Z')]));
  t.equal(before.verdict.exitCode, 0);
  t.match(before.scenarios[0]!.notes.at(-1), { text: /^cart was run again: .* could not run \(no build\)$/ });
});

t.test('on disk: what a shard wrote is read as it was, and nothing else is', async (t) => {
  const folder = t.testdir();
  const common = commonOf(['cart', 'pay']);
  const reports = { cart: cellOf('cart', 1, 'worse'), pay: cellOf('pay', 1, 'dead') };
  const write = (reports: Record<string, object>) => {
    const writer = new PartialWriter(folder, { common, shard: { index: 1, count: 1 } });
    for (const [cell, report] of Object.entries(reports)) writer.addText(cell, JSON.stringify(report));
  };
  write(reports);
  t.strictSame(
    readPartials([folder])[0]!.results.map(({ report }) => report),
    [reports.cart, reports.pay],
  );
  // A log grew beside the sources meanwhile.
  const dirty = { ...comparison, head: { ...comparison.head, dirty: true } };
  const head = { common: { ...common, comparison: dirty }, shard: { index: 1, count: 1 } };
  const writer = new PartialWriter(folder, head);
  writer.add('cart', { ...reports.cart, head: { ...dirty.head, key: '9'.repeat(16) } });
  t.equal(readPartials([folder])[0]!.results.length, 1);
  writer.add('pay', reports.pay);
  t.equal(readPartials([folder])[0]!.results.length, 2, 'of the same commit');
  new PartialWriter(folder, head).add('pay', { ...reports.pay, head: { ...dirty.head, commit: 'c'.repeat(40) } });
  t.throws(() => readPartials([folder]), { code: 'shard-invalid', message: /"pay" is one of something else/ });
  const { cart } = reports;
  const [scenario] = cart.scenarios;
  const [site] = scenario!.sites;
  const [flame] = cart.flames;
  const faults: object[] = [
    { ...cart, base: { ...cart.base, key: 'c'.repeat(16) } },
    { ...cart, scenarios: [{ ...scenario, name: 'pay' }] },
    { ...cart, scenarios: [scenario, scenario] },
    { ...cart, timelines: [{ ...cart.timelines[0], scenario: 'pay' }] },
    { ...cart, timelines: [{ ...cart.timelines[0], base: [1] }] },
    { ...cart, flames: [{ ...flame, parent: [-1, 4, 1, 1, 3] }] },
    { ...cart, flames: [{ ...flame, site: [0, 1, 2, 3, 99] }] },
    { ...cart, scenarios: [{ ...scenario, sites: [{ ...site, source: { file: 'x', lines: 3 } }] }] },
    { ...cart, startedAt: 'soon' },
    { ...cart, kind: 'run' },
    { ...cart, schemaVersion: 99 },
    { kind: 'run' },
    [],
  ];
  for (const fault of faults) {
    write({ cart: fault });
    t.throws(() => readPartials([folder]), { code: 'shard-invalid' }, JSON.stringify(fault).slice(0, 300));
  }
  write(reports);
  const manifest = path.join(folder, 'shard.json');
  const { comparison: _, ...gate } = common;
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, JSON.stringify({ ...JSON.parse(text), common: gate }));
  t.throws(() => readPartials([folder]), { code: 'shard-invalid', message: /"kind" is neither "run" nor "gate"/ });
});

t.test('a queue takes commits that the workers have, and options of one thing', async (t) => {
  t.equal(askedComparison({ quick: true }), undefined);
  t.throws(() => askedComparison({ quick: true, base: 'main' }), {
    message: '--quick is for a gate, and --base compares',
  });
  t.throws(() => askedComparison({ maxPairs: '5' }), { message: /^--max-pairs is for a comparison/ });
  const asked = askedComparison({ base: 'main', only: ['cart'], maxPairs: '5' })!;
  t.same(comparisonWords(asked), ['--base', 'main', '--max-pairs', '5', '--only', 'cart'], 'as it is typed');
  const pinned = { ...comparison, head: { ...comparison.head, dirty: true } };
  t.same(comparisonWords(asked, pinned), [
    ...['--base', 'a'.repeat(40), '--max-pairs', '5', '--seed', '7', '--only', 'cart'],
  ]);
  const bought = {
    ...comparison,
    base: { ...comparison.base, label: 'npm:1.0.0', commit: null, package: 'shop@1.0.0' },
  };
  t.throws(() => comparisonWords(asked, bought), { code: 'option-invalid', message: /takes? no package/ });
});
