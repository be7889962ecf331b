/** `--observe-listen`: `/metrics` for Prometheus, `/debug/pprof/{heap,allocs,profile}?seconds=` for `go tool pprof` and its kin. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CaptureStats } from '../capture/frame-source.ts';
import type { Counters } from '../stats.ts';
import { BoundedServer } from './bounded-server.ts';
import { prometheusText } from './metrics.ts';
import type { ProfileKind } from './profilers.ts';

/** V8's profiles grow with their time: this bounds them. */
const secondsMax = 60;
const secondsDefault = 5;
/** Scrapers and a person or two. */
const bounds = { connectionsMax: 16, headersMs: 5_000, requestMs: 10_000, idleMs: 10_000 };

export interface Observation {
  readonly counters: Counters;
  readonly interfaces: readonly CaptureStats[];
}

export class ObserveServer {
  readonly #server: BoundedServer;
  readonly #read: () => Observation;
  /** One profile at a time: V8 has one sampler for each isolate. */
  #isProfiling = false;

  /** @throws FloodgateError `listen-failed`, for instance when the port is in use. */
  static async open(address: { host: string; port: number }, read: () => Observation): Promise<ObserveServer> {
    return new ObserveServer(await BoundedServer.open(address, bounds), read);
  }

  private constructor(bounded: BoundedServer, read: () => Observation) {
    this.#server = bounded;
    this.#read = read;
    bounded.server.on('request', (request, response) => this.#answer(request, response));
    // Nothing here keeps the agent running.
    bounded.server.unref();
  }

  get url(): string {
    return this.#server.url;
  }

  /** Where it listens. */
  get address(): AddressInfo {
    return this.#server.address;
  }

  get counters(): BoundedServer['counters'] {
    return this.#server.counters;
  }

  close(): void {
    this.#server.server.close();
    this.#server.server.closeAllConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {});
    const url = URL.parse(request.url ?? '/', 'http://agent');
    const kind = /^\/debug\/pprof\/(heap|allocs|profile)$/.exec(url?.pathname ?? '')?.[1] as ProfileKind | undefined;
    // A page in a browser must not reach this by a name that resolves to loopback.
    if (url === null || !isAddress(request.headers.host ?? '')) end(response, 403, 'name the address, not a host\n');
    else if (request.method !== 'GET' && request.method !== 'HEAD') end(response, 405, 'GET only\n');
    else if (kind !== undefined) this.#profile(kind, url.searchParams.get('seconds'), request, response);
    else if (url.pathname === '/metrics') {
      const { counters, interfaces } = this.#read();
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      end(response, 200, prometheusText(counters, interfaces));
    } else if (url.pathname === '/debug/pprof/') end(response, 200, 'heap\nallocs\nprofile\n');
    else end(response, 404, 'there are /metrics and /debug/pprof/{heap,allocs,profile}?seconds=\n');
  }

  async #profile(
    kind: ProfileKind,
    text: string | null,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
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
    this.#server.working(request);
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

/** `Host` as an address (or localhost) with an optional port: no name that others may point at us. */
function isAddress(host: string): boolean {
  return /^(localhost|[\d.]{7,15}|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(host);
}

/** Ends early when the profile is no longer awaited. */
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
