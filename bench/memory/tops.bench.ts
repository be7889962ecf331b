/**
 * `npm run bench:tops [-- --holds 5,20,50,200 --sizes 50,100,300 --count 20 --folder FOLDER]`: a program touches so many megabytes, holds
 * them for so many milliseconds (rise excluded), and gives them back, twenty times. Which of the tops are in the report, and how high?
 * Wanted: 20 of 20 each, heights within 5 %. FOLDER is one in which floodgate is installed; without it this checkout is run.
 */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BenchFolder } from '../bench-folder.ts';

const { values } = parseArgs({
  options: {
    holds: { type: 'string', default: '5,20,50,200' },
    sizes: { type: 'string', default: '50,100,300' },
    count: { type: 'string', default: '20' },
    folder: { type: 'string' },
  },
});

const heightShare = 0.05;
const [holds, sizes] = [values.holds, values.sizes].map((list) => list.split(',').map(Number));
const count = Number(values.count);
/** A top of 300 MB rises for 150 ms, and for several times that on a busy machine. */
const secondsOf = (holdMs: number, megabytes: number) => Math.ceil(4 + (count * (350 + holdMs + megabytes * 8)) / 1000);

const bench = new BenchFolder(values.folder);
let isRight = true;
try {
  const program = bench.copy(new URL('./testdata/tops.mjs', import.meta.url));
  console.log('| held | really | size | reported | heights |\n|--:|--:|--:|--:|--:|');
  for (const holdMs of holds!) {
    for (const megabytes of sizes!) {
      const bytes = megabytes * 1e6;
      const { report, output } = bench.run([
        ...['--target', `node ${program} ${count} ${holdMs} ${bytes}`, '--ready', '^ready'],
        ...['--idle', '300ms', '--recover', '300ms', '--duration', `${secondsOf(holdMs, megabytes)}s`],
      ]);
      if (!report) throw new Error(output);
      const heldMs = doneIn(bench.place);
      const heights = report.spikes.map(({ heightBytes }) => heightBytes);
      const near = heights.filter((height) => Math.abs(height / bytes - 1) <= heightShare);
      isRight &&= near.length === count && heldMs.length === count;
      const shares = heights.map((height) => (100 * height) / bytes);
      const range = `${Math.min(...shares).toFixed(1)} to ${Math.max(...shares).toFixed(1)} %`;
      const held = `${Math.min(...heldMs).toFixed(0)} to ${Math.max(...heldMs).toFixed(0)} ms`;
      console.log(`| ${holdMs} ms | ${held} | ${megabytes} MB | ${near.length} of ${heldMs.length} | ${range} |`);
    }
  }
} finally {
  bench.remove();
}
process.exitCode = isRight ? 0 : 1;

/** For how long each was there. @throws Error where the program had not got through when the run ended */
function doneIn(folder: string): number[] {
  const file = path.join(folder, 'tops.json');
  const heldMs: number[] = JSON.parse(readFileSync(file, 'utf8'));
  rmSync(file);
  return heldMs;
}
