import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { renderHtml } from '../../reports/html.ts';
import { sampleRun } from '../../reports/sample-report.ts';
import { serveReports } from './serve-command.ts';

/** One request with a path that no client tidies up. */
function get(port: number, target: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; type: string; body: string }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: target, headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => void (body += text));
      response.on('end', () =>
        resolve({ status: response.statusCode!, type: response.headers['content-type'] ?? '', body }),
      );
    });
    sent.on('error', reject).end();
  });
}

t.test('a folder of runs is served, and nothing around it', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'floodgate-serve-'));
  const runs = path.join(dir, 'runs');
  for (const name of ['20260314-a', '20260315-b', 'broken'])
    mkdirSync(path.join(runs, name, 'profiles'), { recursive: true });
  writeFileSync(path.join(dir, 'secret.txt'), 'secret');
  writeFileSync(path.join(runs, '20260314-a', 'report.json'), JSON.stringify(sampleRun()));
  writeFileSync(path.join(runs, '20260314-a', 'report.html'), renderHtml(sampleRun()));
  writeFileSync(path.join(runs, '20260314-a', 'other.html'), '<script>alert(1)</script>');
  writeFileSync(path.join(runs, '20260314-a', 'profiles', 'p.pb.gz'), 'profile');
  writeFileSync(path.join(runs, 'broken', 'report.json'), '{"kind":"run"}');
  symlinkSync(path.join(dir, 'secret.txt'), path.join(runs, '20260314-a', 'profiles', 'link'));
  symlinkSync('20260314-a', path.join(runs, 'latest'));
  const server = await serveReports(runs, 0);
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
    rmSync(dir, { recursive: true, force: true });
  });
  const { port } = server.address() as AddressInfo;
  const trends = await get(port, '/');
  t.equal(trends.status, 200);
  t.match(trends.body, '"href":"./20260314-a/report.html"');
  t.notMatch(trends.body, 'latest/report.html', 'a link to a run is not another run');
  t.match(trends.body, /"name":"broken","why":"not a valid report/);
  t.match(await get(port, '/20260314-a/report.html'), { status: 200, type: /text\/html/ });
  t.match(await get(port, '/latest/report.html'), { status: 200 });
  t.match(await get(port, '/20260314-a/profiles/p.pb.gz'), {
    status: 200,
    body: 'profile',
    type: 'application/octet-stream',
  });
  for (const target of [
    '/20260314-a/other.html',
    '/20260314-a/profiles/link',
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/20260314-a/profiles/..%2f..%2f..%2fsecret.txt',
    '/20260314-a/profiles/%00',
    '/%zz',
    '//',
    'http:///',
    '/20260314-a/profiles',
    '/20260315-b/report.html',
  ]) {
    t.match(await get(port, target), { status: 404 }, target);
  }
  t.match(await get(port, '/', { host: 'evil.example' }), { status: 403 }, 'no other name for this address');
  t.match(await get(port, '/', {}, 'POST'), { status: 405 });
  writeFileSync(path.join(runs, '20260315-b', 'report.json'), JSON.stringify(sampleRun({ ok: false })));
  t.match((await get(port, '/')).body, './20260315-b/report.html', 'a new run is there at once');
  rmSync(runs, { recursive: true });
  t.match(
    await get(port, '/'),
    { status: 500, body: /no such file/ },
    'a folder that went away is an error, not a crash',
  );
  mkdirSync(runs);
  await t.rejects(serveReports(runs, port), { code: 'port-in-use', exitCode: 2 });
  await t.rejects(serveReports(path.join(dir, 'secret.txt'), 0), { code: 'folder-missing' });
  await t.rejects(serveReports(path.join(dir, 'nowhere'), 0), { code: 'folder-missing' });
});
