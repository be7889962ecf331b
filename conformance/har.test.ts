/** HAR files of the recorded captures: valid, and equal to other programs' but for what is explained. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import {
  type Archive,
  archivePairs,
  compareArchives,
  type HarDifference,
  ourArchive,
  readHarExplanations,
} from './har.ts';
import { findShared } from './oracles.ts';

/** It has no types of its own. */
const { har: validateHar } = createRequire(import.meta.url)('har-validator') as {
  har: (har: object) => Promise<object>;
};
const shared = findShared(fileURLToPath(new URL('..', import.meta.url)));
const explanations = readHarExplanations(fileURLToPath(new URL('har-differences.tsv', import.meta.url)));
const skip = shared === null && 'SKIPPED: no recorded captures; put the corpora in ../shared or name FLOODGATE_SHARED';

t.test('archives beside those of two other programs', { skip }, async (t) => {
  const name = ({ archive, what }: HarDifference) => `${archive} ${what}`;
  const found: string[] = [];
  let [entries, equal] = [0, 0];
  for (const { capture, archive } of archivePairs(shared!)) {
    const ours = ourArchive(join(shared!, 'corpora', capture));
    await t.resolves(validateHar(ours), `${capture}: valid`);
    const theirs = JSON.parse(readFileSync(join(shared!, 'corpora', archive), 'utf8')) as Archive;
    const compared = compareArchives(ours, theirs);
    entries += compared.entries;
    equal += compared.equal;
    for (const what of compared.differences) found.push(name({ archive, what }));
  }
  t.comment(`${equal} of ${entries} entries equal`);
  const explained = explanations.map(name);
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
  t.ok(entries > 150, `${entries} entries`);
});

t.test('every explanation says why', (t) => {
  for (const { archive, what, reason } of explanations) t.ok(reason.length > 20, `${archive} ${what}`);
  t.end();
});

t.test('the comparison sees each kind of difference', (t) => {
  const archive = (change: object): Archive => ({
    log: {
      entries: [
        {
          request: { method: 'GET', url: 'http://a/', headers: [{ name: 'Accept', value: 'b' }], ...change },
          response: { status: 200, headers: [], content: { text: 'x' }, ...change },
        },
      ],
    },
  });
  const plain = archive({});
  t.same(compareArchives(plain, plain).differences, []);
  const field = [
    { name: 'accept', value: 'b' },
    { name: 'ACCEPT', value: 'c' },
  ];
  t.same(
    compareArchives(archive({ headers: field }), archive({ headers: [{ name: 'Accept', value: 'b,c' }] })).equal,
    1,
  );
  for (const [change, what] of [
    [{ url: 'http://b/' }, 'missing'],
    [{ status: 404 }, 'status 404/200'],
    [{ headers: field }, 'request fields, response fields'],
    [{ content: { text: 'eHk=', encoding: 'base64' } }, 'content 2/1'],
    [{ postData: { text: 'abc' } }, 'request body 3/0'],
  ] as const) {
    t.equal(compareArchives(plain, archive(change)).differences[0], `entry 1, GET: ${what}`);
  }
  t.equal(compareArchives(plain, { log: { entries: [] } }).differences[0], 'only ours: GET, status 200');
  t.end();
});
