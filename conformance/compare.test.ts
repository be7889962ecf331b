import { fileURLToPath } from 'node:url';
import t from 'tap';
import { compareAll, findShared, readExplanations } from './oracles.ts';

const shared = findShared(fileURLToPath(new URL('..', import.meta.url)));
const explanations = readExplanations(fileURLToPath(new URL('differences.tsv', import.meta.url)));

t.test(
  'every capture beside tshark and Zeek',
  { skip: shared === null && 'SKIPPED: no recorded captures; put the corpora in ../shared or name FLOODGATE_SHARED' },
  (t) => {
    const comparison = compareAll(shared!);
    const name = (entry: { oracle: string; file: string; what: string }) =>
      `${entry.oracle} ${entry.file} ${entry.what}`;
    const found = comparison.differences.map(name).sort();
    const explained = explanations.map(name).sort();
    t.same(
      found.filter((difference) => !explained.includes(difference)),
      [],
      'no difference without an explanation',
    );
    t.same(
      explained.filter((difference) => !found.includes(difference)),
      [],
      'no explanation without a difference',
    );
    const { zeekRows, zeekRowsEqualRaw, zeekRowsTelling, zeekRowsEqual, captures } = comparison;
    t.comment(`${zeekRowsEqualRaw} of ${zeekRows} rows of Zeek's equal as they stand`);
    t.ok(zeekRowsEqualRaw / zeekRows > 0.9);
    t.ok(zeekRowsEqual / zeekRowsTelling >= 0.98, `${zeekRowsEqual} of ${zeekRowsTelling} equal, conventions mapped`);
    t.ok(captures > 250, `${captures} captures`);
    t.end();
  },
);

t.test('every explanation says who is right and why', (t) => {
  for (const { what, verdict, reason } of explanations) {
    t.ok(['ours', 'theirs', 'both'].includes(verdict) && (reason ?? '').length > 20, what);
  }
  t.end();
});
