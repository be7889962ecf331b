/**
 * A recorder that is killed leaves files that can be read; whatever it records, its folder stays as large as was asked for.
 *
 * FLOODGATE_KILLS kills it so many times instead of six.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { createRandom } from '../../agent/seeded-random.ts';
import { Recording } from '../traffic/recording.ts';
import { RecordingFolder } from './recording-folder.ts';

const fixture = path.join(import.meta.dirname, 'endless-recording-fixture.ts');
const folderBytesMax = 3_000_000;
const kills = Number(process.env.FLOODGATE_KILLS ?? 6);
t.setTimeout(600_000);

/** Numbers of the frames of a file, the lowest and the highest, which must be all in between. */
function numbersOf(file: string): {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly isCut: boolean;
} {
  const recording = new Recording(file);
  let [count, first, last] = [0, -1, -1];
  const sink = {
    frame(_bytes: Uint8Array, _start: number, _end: number, _wire: number, tsUs: number) {
      const number = Math.round((tsUs - 1_700_000_000_000_000) / 10);
      if (count === 0) first = number;
      else if (number !== last + 1) throw new Error(`frame ${number} behind ${last}`);
      last = number;
      count += 1;
    },
  };
  while (recording.read(sink, 1_000) >= 0);
  recording.close();
  return { count, first, last, isCut: recording.isCutShort };
}

t.test(
  'killed at random, every file is readable up to its last block, and the folder is no larger than it may be',
  async (t) => {
    const folder = path.join(t.testdir(), 'flight');
    const random = createRandom(19, 'kills');
    for (let kill = 0; kill < kills; kill += 1) {
      const child = spawn(process.execPath, [fixture, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
      const exited = once(child, 'exit');
      // Not by the clock: once so many files have been begun, wherever it is by then.
      const names = () => readdirSync(folder, { encoding: 'utf8' }).filter((name) => name.endsWith('.pcapng'));
      while (statSync(folder, { throwIfNoEntry: false }) === undefined) await pause(5);
      const begun = names().length;
      const wanted = begun + random.integer(1, 4);
      for (
        let seen = new Set<string>();
        seen.size < wanted && child.exitCode === null;
        seen = new Set([...seen, ...names()])
      )
        await pause(2);
      child.kill('SIGKILL');
      await exited;
      const sizes = names().map((name) => statSync(path.join(folder, name)).size);
      t.ok(sizes.reduce((sum, size) => sum + size, 0) <= folderBytesMax, `kill ${kill}: ${sizes.length} files`);
      for (const name of names()) {
        const file = path.join(folder, name);
        t.equal(statSync(file).mode & 0o777, 0o600);
        if (statSync(file).size === 0) continue;
        try {
          t.ok(numbersOf(file).count > 0, name);
        } catch (error) {
          // Killed before its first frame: then its header alone is there.
          if (statSync(file).size > 1_000) throw error;
        }
      }
    }
    t.ok(new RecordingFolder(folder).files().length > 1, 'another recorder goes on in it');
  },
);

t.test('memory and disk are the same after many rounds as after a few', async (t) => {
  const folder = path.join(t.testdir(), 'flight');
  const { stdout, stderr } = spawnSync(process.execPath, [fixture, folder, '60000'], { encoding: 'utf8' });
  const counts = JSON.parse(stdout || `"${stderr}"`);
  t.match(counts, { frames: 60_000, framesUnwritten: 0 });
  t.ok(counts.filesRemoved > 80, `${counts.filesRemoved} files removed`);
  t.ok(counts.diskBytes <= folderBytesMax);
  const files = new RecordingFolder(folder).files();
  t.equal(counts.files - counts.filesRemoved, files.length);
  const numbers = files.map(({ name }) => numbersOf(path.join(folder, name)));
  t.equal(numbers.at(-1)!.last, 59_999, 'the last frame is there');
  for (const [index, each] of numbers.entries()) if (index > 0) t.equal(each.first, numbers[index - 1]!.last + 1);
});

t.test('spikes of earlier recorders have their room; one that was not finished is removed', (t) => {
  const place = path.join(t.testdir({ own: {} }), 'own');
  chmodSync(place, 0o700);
  const [whole, half] = ['spike-20260101T000000Z', 'spike-20260102T000000Z'].map((name) => path.join(place, name));
  for (const each of [whole!, half!]) mkdirSync(path.join(each, 'profiles'), { recursive: true });
  writeFileSync(path.join(whole!, 'incident.json'), 'x'.repeat(100));
  writeFileSync(path.join(whole!, 'profiles', 'at.pb.gz'), 'x'.repeat(1_000));
  writeFileSync(path.join(half!, 'traffic.pcapng'), 'x'.repeat(10_000));
  const folder = new RecordingFolder(place);
  t.equal(folder.keptBytes(), 1_100);
  t.same(readdirSync(place).sort(), ['recorder.lock', 'spike-20260101T000000Z']);
  folder.close();
  t.end();
});

t.test('a folder that others could turn elsewhere is refused, and no link is followed', (t) => {
  const place = t.testdir({ open: {}, own: {} });
  chmodSync(path.join(place, 'open'), 0o777);
  chmodSync(path.join(place, 'own'), 0o700);
  t.throws(() => new RecordingFolder(path.join(place, 'open')), { code: 'record-folder' });
  symlinkSync(path.join(place, 'own'), path.join(place, 'link'));
  t.throws(() => new RecordingFolder(path.join(place, 'link')), { code: 'record-folder' });
  const folder = new RecordingFolder(path.join(place, 'own'));
  t.throws(() => new RecordingFolder(path.join(place, 'own')), /another recorder/);
  writeFileSync(path.join(place, 'victim'), 'mine');
  symlinkSync(path.join(place, 'victim'), path.join(place, 'own', 'record-000001-20230101T000000Z.pcapng'));
  t.throws(() => folder.make(1, Date.UTC(2023, 0, 1)), { code: 'EEXIST' });
  folder.close();
  mkdirSync(path.join(place, 'locked'));
  symlinkSync(path.join(place, 'victim'), path.join(place, 'locked', 'recorder.lock'));
  t.throws(() => new RecordingFolder(path.join(place, 'locked')), { code: 'record-folder' });
  t.end();
});
