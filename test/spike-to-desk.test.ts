/**
 * The story as one test: an agent with a defect that nobody knows of spikes in production, between two namespaces; the recorder beside it keeps
 * a folder. That folder alone, in another project with the packed package: the spike comes again, in few bytes, and scrubbed.
 *
 * `node bench/production/spike-to-desk.bench.ts` is the long form: an incident of 1 GB.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { makeSecrets, secretCount } from '../bench/production/exports-fixture.ts';
import { makeTraffic, recordIncident } from '../bench/production/incident-fixture.ts';
import { secretsIn } from '../bench/production/needle-search-fixture.ts';
import { traffic } from '../harness/traffic/flood/builders.ts';
import { install, plainNode } from './installed-package.ts';

t.setTimeout(600_000);
const probe = ['-Urn', '--pid', '--mount-proc', '--fork', '--', 'ip', 'tuntap', 'add', 'dev', 'tap0', 'mode', 'tap'];
const refused =
  spawnSync('unshare', probe).status === 0
    ? false
    : 'namespaces or TAP devices are refused here, or "ip" is missing: the story is NOT tested';

t.test('from a spike in production to a small capture without secrets', { skip: refused }, async (t) => {
  const [production, desk] = ['production', 'desk'].map((name) =>
    mkdtempSync(path.join(tmpdir(), `floodgate-${name}-`)),
  ) as [string, string];
  t.teardown(() => {
    for (const folder of [production, desk]) rmSync(folder, { recursive: true, force: true });
  });
  const launchers = install(desk);
  const floodgate = (...words: readonly string[]) => {
    const [command, all] = plainNode(path.join(launchers, 'floodgate'), ...words);
    const { status, stdout, stderr } = spawnSync(command, all, { cwd: desk, encoding: 'utf8' });
    return { code: status, out: stdout, err: stderr };
  };
  const secrets = makeSecrets(Number(process.env.FLOODGATE_SEED ?? 1));
  const { json } = traffic;
  const day = await makeTraffic(production, secrets, {
    flood: [
      traffic.http({
        arrivals: traffic.constant(150),
        duration: '1s',
        exchanges: [traffic.exchange({ response: json('2kB..40kB') })],
      }),
    ],
    ...{ floodBytes: 3_000_000, exportsAtMs: 300, exports: 4, exportBytes: 24_000_000, coding: 'gzip' },
  });
  const { spike, said, framesSent } = recordIncident({
    ...{ package: path.dirname(launchers), folder: production, captures: day.captures, speed: 1 },
    ...{ defect: 'whole-bodies', agentWords: ['--until', 'bodies'] },
    recordWords: [
      '--spike',
      '+50MB',
      '--keep',
      '2s',
      '--profiles',
      '--profile-every',
      '1s',
      '--disk',
      '60MB',
      '--file-size',
      '2MB',
    ],
  });
  t.match(said, /0 frames dropped by the kernel/);
  t.same(readdirSync(spike).sort(), ['README.md', 'incident.json', 'profiles', 'scenario.yaml', 'traffic.pcapng']);

  // Nothing but the folder gets to the desk.
  const kept = path.basename(spike);
  cpSync(spike, path.join(desk, kept), { recursive: true });
  rmSync(production, { recursive: true });
  const recorded = path.join(kept, 'traffic.pcapng');
  const at = (name: string) => path.join(desk, name);
  const incident = JSON.parse(readFileSync(at(path.join(kept, 'incident.json')), 'utf8'));
  t.equal(incident.traffic.frames, framesSent, 'the recorder beside it has every frame');
  t.match(incident, { watched: { kind: 'process', commandLine: [/node/] }, rule: '+50MB' });
  t.ok(incident.spike.topBytes > incident.spike.usualBytes + 50e6);
  t.ok('at' in incident.profiles && 'after' in incident.profiles, Object.keys(incident.profiles).join());
  t.equal(statSync(path.join(desk, kept)).mode & 0o777, 0o700);
  t.equal(floodgate('profile', path.join(kept, 'profiles', 'after.pb.gz')).code, 0, 'a profile that is read');
  t.equal(secretsIn(at(recorded), secrets).length, secretCount, 'every secret is in what was recorded');

  const agent = ['--defect', 'whole-bodies', '--agent-until', 'bodies', '--lane', 'exact'];
  const again = floodgate('run', kept, ...agent, '--no-explain', '--out', 'again');
  t.equal(again.code, 1, `the level of the folder is passed: ${again.err}`);
  t.match(again.out, /✗ rss\.rise/);

  // As many trials as bring it down; without an end it goes on to single frames, and confirms each step through a TAP device.
  const found = floodgate('minimize', kept, ...agent, '--trials', '16', '-o', 'small.pcap');
  t.equal(found.code, 0, found.err);
  t.match(found.out, /still: rss\.rise [\d.]+ MB, twice in the exact lane/);
  const [small, whole] = ['small.pcap', recorded].map((name) => statSync(at(name)).size) as [number, number];
  t.ok(small <= 1_000_000 && small < whole / 2.5, `${whole} bytes, then ${small}`);

  for (const [whole, name] of [
    [recorded, 'shared.pcapng'],
    ['small.pcap', 'shared.pcap'],
  ] as const) {
    const scrubbed = floodgate('scrub', whole, name);
    t.equal(scrubbed.code, 0, scrubbed.err);
    t.same(secretsIn(at(name), secrets), [], `${name} holds no secret in any coding`);
    const checked = floodgate('scrub', '--check', name, '--original', whole);
    t.equal(checked.code, 0, checked.out);
  }
  const level = 'rss.rise=50MB';
  const shared = floodgate('run', 'shared.pcap', ...agent, '--no-explain', '--budget', level, '--out', 'shared');
  t.equal(shared.code, 1, `scrubbed, it still provokes the spike: ${shared.out}`);
});
