/**
 * A response of 1 GiB of JSON behind 1 MB of gzip, twenty of 10 MiB, four hundred plain exchanges between them: memory
 * stays, time stays, and the others are whole. `node bench/gzipbomb.bench.ts` does the same with 10 GiB.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { gzipbombFigures, MEMORY_MAX_MB } from './gzipbomb.ts';

const shared = process.env.FLOODGATE_SHARED ?? path.resolve(import.meta.dirname, '../../shared');
const generator = path.join(shared, 'peers/genpcap.mjs');
const skip = existsSync(generator)
  ? existsSync('/usr/bin/time')
    ? false
    : 'SKIPPED: no GNU time to measure with'
  : 'SKIPPED: no capture generator; put it in ../shared/peers';

t.test('a compression bomb costs no more than the limit', { skip, timeout: 120_000 }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-bomb-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const capture = path.join(folder, 'bomb.pcap');
  execFileSync(process.execPath, [generator, 'gzipbomb1g', capture], { stdio: 'ignore' });
  const truth = JSON.parse(readFileSync(`${capture}.truth.json`, 'utf8')) as Record<string, number>;

  const usual = await gzipbombFigures(capture, []);
  t.equal(usual.exitCode, 0);
  t.ok(usual.peakMb <= MEMORY_MAX_MB, `peak of ${usual.peakMb.toFixed(0)} MB`);
  t.equal(usual.counters['http.requestsComplete'], truth.requests_intact);
  t.equal(usual.counters['http.responsesComplete'], truth.responses_intact);
  t.equal(usual.witnesses, truth.responses, 'a witness for each exchange, the bombs’ among them');
  t.equal(usual.counters['witness.bodiesOverLimit'], 21, 'the large bomb and the twenty');
  t.equal(usual.counters['witness.bodiesWhole'], truth.json_messages! - 21, 'every other body whole');
  const plain = truth.json_decoded_bytes!;
  t.equal(usual.counters['witness.decodedBytes'], plain + 21 * 10_000_000, 'nothing decoded beyond the limit');
  t.ok(usual.counters['witness.ratioMax']! > 500, `a ratio of ${usual.counters['witness.ratioMax']} was seen`);

  const wider = await gzipbombFigures(capture, ['--max-decoded-length', '11000000']);
  const decoded = plain + 20 * truth.bomb_small_decoded! + 11_000_000;
  t.equal(wider.counters['witness.decodedBytes'], decoded, 'with room for 10 MiB only the large one is cut');
  t.ok(wider.peakMb <= MEMORY_MAX_MB, `peak of ${wider.peakMb.toFixed(0)} MB`);
});
