/**
 * `npm run bench:family [-- --folder FOLDER NAME…]`: threads, a cluster of four, children, Go, C and Python touch known amounts of memory.
 * Wanted: each line of the report within 3 % of them. FOLDER is one in which floodgate is installed; without it this checkout is run.
 */
import { parseArgs } from 'node:util';
import { BenchFolder } from '../bench-folder.ts';
import { familyCases } from './family-cases.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { folder: { type: 'string' } },
});

const shareMax = 0.03;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

const bench = new BenchFolder(values.folder);
let isRight = true;
try {
  bench.copyFolder(new URL('./testdata/family/', import.meta.url));
  console.log('| program | line | touched | reported | of it |\n|---|---|--:|--:|--:|');
  for (const { name, words, prepare, checks } of familyCases) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const lacks = prepare?.(bench.place);
    if (lacks !== undefined) {
      console.log(`| ${name} | skipped: ${lacks.trim().split('\n')[0]} |`);
      continue;
    }
    const { report, output } = bench.run(words);
    if (!report) throw new Error(output);
    for (const { what, truthBytes, bytes } of checks(report, bench.place)) {
      const share = bytes / truthBytes;
      const isNear = Math.abs(share - 1) <= shareMax;
      isRight &&= isNear;
      console.log(
        `| ${name} | ${what} | ${megabytes(truthBytes)} | ${megabytes(bytes)} | ${(100 * share).toFixed(1)} %${isNear ? '' : ' **no**'} |`,
      );
    }
  }
} finally {
  bench.remove();
}
process.exitCode = isRight ? 0 : 1;
