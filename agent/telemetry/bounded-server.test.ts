/** Servers whose clients do their worst to keep others out: real sockets. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { ObserveServer } from './observe-server.ts';

t.setTimeout(300_000);

async function get(url: string, timeoutMs = 20_000): Promise<number> {
  return (await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })).status;
}

async function occupy(port: number, count: number, text: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  for (const socket of sockets) socket.on('error', () => {});
  await Promise.all(sockets.map((socket) => once(socket, 'connect').catch(() => {})));
  for (const socket of sockets) socket.write(text);
  return sockets;
}

const floods = {
  'half-open requests': 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n',
  'connections that say nothing': '',
  'requests whose body never comes': 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n',
  'profiles that are given up for none': 'GET /debug/pprof/heap?seconds=50 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
};

for (const [what, text] of Object.entries(floods)) {
  t.test(`metrics are read during 200 ${what}`, async (t) => {
    const server = await ObserveServer.open({ host: '127.0.0.1', port: 0 }, () => ({ counters: {}, interfaces: [] }));
    const sockets = await occupy(server.address.port, 200, text);
    t.teardown(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    for (let i = 0; i < 5; i += 1) t.equal(await get(`${server.url}/metrics`), 200);
    t.ok(server.counters.connectionsEvicted >= 180, `${server.counters.connectionsEvicted} evicted`);
    t.equal(server.counters.connectionsRefused, 0);
  });
}

t.test('a profile that is being taken keeps its connection, and an idle one makes room', async (t) => {
  const server = await ObserveServer.open({ host: '127.0.0.1', port: 0 }, () => ({ counters: {}, interfaces: [] }));
  const profile = fetch(`${server.url}/debug/pprof/profile?seconds=1`);
  t.equal(await get(`${server.url}/metrics`), 200);
  const sockets = await occupy(server.address.port, 100, 'GET / HT');
  t.equal((await profile).status, 200);
  for (const socket of sockets) socket.destroy();
  server.close();
});
