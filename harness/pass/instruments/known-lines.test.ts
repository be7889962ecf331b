/**
 * How true the bytes of lines are: a function that allocates known amounts on two lines, as it stands in its file and compiled from
 * TypeScript, in one go and with an `await` between the lines, and what the pass for lines says of it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { LineBytes, Spike, Suspect } from '../../../reports/model.ts';
import { plainNode } from '../../../test/installed-package.ts';
import { projectRoot, sourceMaps } from '../../profile/files.ts';
import { watchedFunction } from '../../report/suspect-lines.ts';
import { startChild } from '../../target/child-target.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from '../../watch/preload-channel.ts';
import type { PassResult } from '../pass-result.ts';
import type { BringOrder } from './instrument.ts';
import { lineSampling } from './lines.ts';

t.setTimeout(300_000);

const calls = 2_000;
/** A string of one-byte characters: a header of 16 bytes before them. */
const textBytes = 20_000 + 16;
/** A packed array of doubles: its elements with a header of 16, and the array object. */
const numbersBytes = 1_024 * 8 + 16 + 32;
/** The standard error of the smaller line is 1.6 %. */
const errorShareMax = 0.1;

/** Types alone distinguish the two: compiled, the lines move up. */
function source(isAsync: boolean, isTyped: boolean): string {
  const type = (text: string) => (isTyped ? text : '');
  return `${type('interface Made {\n  readonly text: string;\n  readonly numbers: readonly number[];\n}\n')}
const text = Buffer.from('known text, '.repeat(2_000))${type(' as Buffer & { latin1Slice(start: number, end: number): string }')};
let last${type(': Made | undefined')};

${isAsync ? 'async ' : ''}function makeBoth()${type(isAsync ? ': Promise<Made>' : ': Made')} {
  const made = text.latin1Slice(0, 20_000); // the text
  ${isAsync ? 'await null;' : ''}
  const numbers = new Array${type('<number>')}(1_024).fill(0.5); // the numbers
  return { text: made, numbers };
}

for (let i = 0; i < ${calls}; i += 1) last = await makeBoth();
process.stderr.write(last === undefined ? '' : 'ready\\n');
setInterval(() => {}, 1_000);
export {};
`;
}

for (const isTyped of [false, true]) {
  for (const isAsync of [false, true]) {
    t.test(`${isTyped ? 'compiled' : 'plain'}, ${isAsync ? 'with an await' : 'in one go'}`, async (t) => {
      const folder = t.testdir();
      const written = path.join(folder, isTyped ? 'src/both.mts' : 'both.mjs');
      mkdirSync(path.dirname(written), { recursive: true });
      writeFileSync(written, source(isAsync, isTyped));
      const program = isTyped ? compiled(folder, written) : written;
      const lines = source(isAsync, isTyped).split('\n');
      const lineOf = (mark: string) => lines.findIndex((line) => line.includes(mark)) + 1;
      const suspect = {
        functionName: 'makeBoth',
        file: shown(written),
        line: lineOf('function makeBoth'),
        where: 'heap',
      };
      const rows = await linesOf(
        program,
        suspect as Suspect,
        folder,
        isTyped && isAsync ? ['--enable-source-maps'] : [],
      );
      for (const [mark, bytes] of [
        ['// the text', textBytes],
        ['// the numbers', numbersBytes],
      ] as const) {
        const row = rows.find(({ line }) => line === lineOf(mark));
        const error = (row?.bytes ?? 0) / (calls * bytes) - 1;
        t.ok(Math.abs(error) < errorShareMax, `${mark}: ${(100 * error).toFixed(2)} % off`);
        t.ok(row && row.errorShare < errorShareMax / 2, 'and the error is said');
      }
    });
  }
}

t.test('a loop whose lines allocate little: what stands for its lines counts for none', async (t) => {
  const folder = t.testdir();
  const program = path.join(folder, 'loop.mjs');
  const [turns, apart, objectBytes] = [1_000, 20, 56];
  const text = `function tally(seed) {
  const out = new Array(${turns / apart});
  for (let i = 0; i < ${turns}; i++) {
    seed += i * 3;
    seed ^= i;
    if (i % ${apart} === 0) out[i / ${apart}] = { a: i, b: seed, c: i, d: 1 };
  }
  return out.length + seed;
}
let sum = 0;
for (let i = 0; i < ${calls}; i += 1) sum += tally(i);
process.stderr.write(sum === 0 ? '' : 'ready\\n');
setInterval(() => {}, 1_000);
`;
  writeFileSync(program, text);
  const suspect = { functionName: 'tally', file: shown(program), line: 1, where: 'heap' };
  const rows = await linesOf(program, suspect as Suspect, folder, []);
  const [first] = rows;
  t.equal(first?.line, 6, JSON.stringify(rows));
  // What the runtime makes for the function itself (feedback, code) is small.
  t.ok((rows.find(({ line }) => line === 1)?.bytes ?? 0) < 0.05 * first!.bytes, 'its declaration');
  const listBytes = 16 + 8 * (turns / apart) + 32;
  const madeBytes = calls * ((turns / apart) * objectBytes + listBytes);
  const sumBytes = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  // Functions that stand for lines are made where they are called: some bytes of theirs fall upon the lines inside.
  t.ok(sumBytes < 1.4 * madeBytes && sumBytes > 0.7 * madeBytes, `${sumBytes} of ${madeBytes} bytes`);
});

/** As profiles name a file. */
function shown(file: string): string {
  const inside = path.relative(projectRoot, file);
  return inside.startsWith('..') ? file : inside;
}

/** @returns the built file, whose map stands beside it */
function compiled(folder: string, file: string): string {
  const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
  const out = [
    '--ignoreConfig',
    '--sourceMap',
    '--outDir',
    path.join(folder, 'dist'),
    '--rootDir',
    path.join(folder, 'src'),
  ];
  const how = [
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
    '--typeRoots',
    path.join(projectRoot, 'node_modules/@types'),
  ];
  // The type checker does not survive the hooks of the test runner.
  execFileSync(...plainNode(tsc, file, ...out, ...how), { cwd: folder, stdio: 'pipe' });
  const built = path.join(folder, 'dist', 'both.mjs');
  // A profile of an earlier pass asks for it first.
  sourceMaps.of(shown(built));
  return built;
}

/** The pass for lines, without the traffic. */
async function linesOf(
  program: string,
  suspect: Suspect,
  folder: string,
  ownArguments: readonly string[],
): Promise<LineBytes['rows']> {
  const spike = { suspects: [suspect], cause: 'garbage' } as unknown as Spike;
  const instrument = lineSampling(watchedFunction(spike)!)!;
  const { nodeArguments, preload } = instrument.start(folder);
  const [command, words] = plainNode(...ownArguments, ...(nodeArguments ?? []), ...preloadArguments, program);
  const target = await startChild({
    name: 'known lines',
    command,
    arguments: words,
    env: preloadEnvironment({ intervalMs: 500, ...preload }),
    ready: /^ready/,
    withChannel: true,
  });
  const channel = new PreloadChannel(target.channel, Date.now());
  await channel.cut(0, 60_000);
  await target.stop();
  const pass = { channel, intervals: [{ interval: 0, firstFrame: 0, lastFrame: 1 }] } as unknown as PassResult;
  const brought = await instrument.bring(pass, { folder, passFolder: folder } as BringOrder);
  return brought.lines ?? [];
}
