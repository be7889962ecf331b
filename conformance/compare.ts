/** `node conformance/compare.ts`: our messages beside tshark's and Zeek's on every capture; prints what disagrees, explained or not. */
import { fileURLToPath } from 'node:url';
import { compareAll, findShared, readExplanations } from './oracles.ts';

const shared = findShared(fileURLToPath(new URL('..', import.meta.url)));
if (shared === null) {
  process.stderr.write('correctness: no corpora: put them in ../shared or name their folder in FLOODGATE_SHARED\n');
  process.exit(2);
}
const explanations = readExplanations(fileURLToPath(new URL('differences.tsv', import.meta.url)));
const comparison = compareAll(shared);
let unexplained = 0;
const verdicts = { ours: 0, theirs: 0, both: 0 };
for (const { oracle, file, what } of comparison.differences) {
  const known = explanations.find((entry) => entry.oracle === oracle && entry.file === file && entry.what === what);
  if (known === undefined) unexplained++;
  else if (oracle === 'zeek') verdicts[known.verdict]++;
  process.stdout.write(`${[oracle, file, what, known?.verdict ?? '?', known?.reason ?? ''].join('\t')}\n`);
}
const { captures, capturesEqualToTshark, capturesBelowTshark } = comparison;
const { zeekRows, zeekRowsEqualRaw, zeekRowsTelling, zeekRowsEqual } = comparison;
process.stdout.write(
  `# ${captures} captures: ${capturesEqualToTshark} equal to tshark, ${capturesBelowTshark} with fewer complete messages; ` +
    `Zeek: ${zeekRowsEqualRaw} of ${zeekRows} rows equal as they stand; of ${zeekRowsTelling} that describe a message ` +
    `${zeekRowsEqual} equal with its conventions mapped, ${verdicts.ours} differ and ours are right, ` +
    `${verdicts.both} are reported another way, ${verdicts.theirs} are theirs; ${unexplained} differences unexplained\n`,
);
process.exitCode = unexplained === 0 ? 0 : 1;
