/** `--observe-listen`: `/metrics` for Prometheus, `/debug/pprof/{heap,allocs,profile}?seconds=` for `go tool pprof` and its kin. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CaptureStats } from '../capture/frame-source.ts';
import { FloodgateError } from '../errors.ts';
import type { Counters } from '../stats.ts';
import { prometheusText } from './metrics.ts';
import type { ProfileKind } from './profilers.ts';

/** Scrapers and a person or two: more are refused. */
const connectionsMax = 16;
/** V8's profiles grow with their time: this bounds them. */
const secondsMax = 60;
const secondsDefault = 5;
const requestTimeoutMs = (secondsMax + 30) * 1000;

export interface Observation {
  readonly counters: Counters;
  readonly interfaces: readonly CaptureStats[];
}

export class ObserveServer {
  readonly url: string;
  /** Where it listens. */
  readonly address: AddressInfo;
  readonly #server: Server;
  readonly #read: () => Observation;
  /** One profile at a time: V8 has one sampler for each isolate. */
  #isProfiling = false;

  /** @throws FloodgateError `listen-failed`, for instance when the port is in use. */
  static async open(address: { host: string; port: number }, read: () => Observation): Promise<ObserveServer> {
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 });
    server.maxConnections = connectionsMax;
    server.timeout = requestTimeoutMs;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ ...address, exclusive: true }, resolve);
      });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const why = code === 'EADDRINUSE' ? 'the port is in use' : (code ?? (cause as Error).message);
      throw new FloodgateError('listen-failed', `cannot listen on ${address.host}:${address.port}: ${why}`, {
        hint: 'choose another ADDRESS:PORT; port 0 takes any that is free',
        cause,
      });
    }
    return new ObserveServer(server, read);
  }

  private constructor(server: Server, read: () => Observation) {
    this.#server = server;
    this.#read = read;
    this.address = server.address() as AddressInfo;
    const { address, family, port } = this.address;
    this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    server.on('request', (request, response) => this.#answer(request, response));
    server.on('error', () => {});
    // Nothing here keeps the agent running.
    server.unref();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {});
    const url = URL.parse(request.url ?? '/', 'http://agent');
    const kind = /^\/debug\/pprof\/(heap|allocs|profile)$/.exec(url?.pathname ?? '')?.[1] as ProfileKind | undefined;
    // A page in a browser must not reach this by a name that resolves to loopback.
    if (url === null || !isAddress(request.headers.host ?? '')) end(response, 403, 'name the address, not a host\n');
    else if (request.method !== 'GET' && request.method !== 'HEAD') end(response, 405, 'GET only\n');
    else if (kind !== undefined) this.#profile(kind, url.searchParams.get('seconds'), response);
    else if (url.pathname === '/metrics') {
      const { counters, interfaces } = this.#read();
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      end(response, 200, prometheusText(counters, interfaces));
    } else if (url.pathname === '/debug/pprof/') end(response, 200, 'heap\nallocs\nprofile\n');
    else end(response, 404, 'there are /metrics and /debug/pprof/{heap,allocs,profile}?seconds=\n');
  }

  async #profile(kind: ProfileKind, text: string | null, response: ServerResponse): Promise<void> {
    const seconds = text === null ? secondsDefault : Number(text);
    if (!(seconds > 0 && seconds <= secondsMax)) {
      end(response, 400, `seconds must be above 0, ${secondsMax} at most\n`);
      return;
    }
    if (this.#isProfiling) {
      end(response, 503, 'another profile is being taken: one at a time\n');
      return;
    }
    this.#isProfiling = true;
    const abandoned = new AbortController();
    response.on('close', () => abandoned.abort());
    try {
      const { takeProfile } = await import('./profilers.ts');
      const profile = await takeProfile(kind, seconds, {
        nowMs: Date.now,
        sleep: (ms) => sleep(ms, abandoned.signal),
      });
      response.setHeader('content-type', 'application/octet-stream');
      response.setHeader('content-disposition', `attachment; filename="${kind}.pb.gz"`);
      end(response, 200, profile);
    } catch (error) {
      end(response, 500, `${(error as Error).message}\n`);
    } finally {
      this.#isProfiling = false;
    }
  }
}

function end(response: ServerResponse, status: number, body: string | Buffer): void {
  response.statusCode = status;
  response.end(body);
}

/** `Host` as an address (or localhost) with an optional port: no name that somebody else may point at us. */
function isAddress(host: string): boolean {
  return /^(localhost|[\d.]{7,15}|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(host);
}

/** Ends early when nobody waits for the profile any more. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    timer.unref();
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
