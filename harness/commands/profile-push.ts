/** Sends profiles as pprof to a store of profiles: Pyroscope's or Parca's own HTTP interface. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { FloodgateError } from '../../agent/errors.ts';
import { writePprof } from '../profile/pprof.ts';
import type { Profile } from '../profile/profile.ts';
import { withoutSecrets } from '../requests/shown-command.ts';

export const pushProtocols = ['pyroscope', 'parca'] as const;
export type PushProtocol = (typeof pushProtocols)[number];

export interface PushOrder {
  /** The store's address; credentials in it are sent as Basic authorization and never printed. */
  readonly url: string;
  /** @default by the port: 7070 is Parca's */
  readonly protocol?: PushProtocol | undefined;
  /** Sent with every request, e.g. `Authorization` or `X-Scope-OrgID`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface PushedProfile {
  readonly profile: Profile;
  /** Beside `__name__` and `service_name`; names as Prometheus has them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly service: string;
}

/** A store that is restarting is back within this: 0.5 + 1 + 2 s between four attempts, each with its own jitter. */
const attemptsMax = 4;
const firstDelayMs = 500;
const attemptTimeoutMs = 15_000;
/** The beginning of a refusal is printed. */
const answerBytesMax = 300;
const parcaPort = '7070';

/** Where each takes pprof, in JSON: Connect's form of Pyroscope's push.v1, and grpc-gateway's of Parca's profilestore. */
const places: Readonly<Record<PushProtocol, { readonly path: string; readonly headers: Record<string, string> }>> = {
  pyroscope: { path: '/push.v1.PusherService/Push', headers: { 'connect-protocol-version': '1' } },
  parca: { path: '/api/profiles/writeraw', headers: {} },
};

/**
 * Sends one profile.
 * @throws FloodgateError `option-invalid` for an address or a label that is none; `push-failed` when the store refuses it, or
 * cannot be reached in four attempts
 */
export async function pushProfile(order: PushOrder, pushed: PushedProfile): Promise<void> {
  const { url, authorization } = parseStore(order.url);
  const protocol = order.protocol ?? (url.port === parcaPort ? 'parca' : 'pyroscope');
  const { path, headers } = places[protocol];
  const target = new URL(url);
  target.pathname = target.pathname.replace(/\/+$/, '') + path;
  const body = JSON.stringify(requestOf(protocol, pushed));
  let failure = '';
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (attempt > 0) await pause(firstDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random()), undefined, order);
    const outcome = await tryOnce(
      target,
      body,
      {
        'content-type': 'application/json',
        ...headers,
        ...(authorization && { authorization }),
        ...order.headers,
      },
      order.signal,
    );
    if (outcome.isTaken) return;
    failure = outcome.why;
    if (!outcome.mayPass) break;
  }
  throw new FloodgateError('push-failed', `${withoutSecrets(order.url)} did not take the profile: ${failure}`, {
    hint: `It was sent as ${protocol} takes it (POST ${path}). Check the address, --protocol and --header.`,
  });
}

interface Outcome {
  readonly isTaken: boolean;
  /** Whether another attempt may go better. */
  readonly mayPass: boolean;
  readonly why: string;
}

async function tryOnce(url: URL, body: string, headers: Record<string, string>, signal: AbortSignal): Promise<Outcome> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      // Neither a profile nor its headers may be sent on to another server.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(attemptTimeoutMs)]),
    });
    const answer = await beginningOf(response);
    if (response.ok) return { isTaken: true, mayPass: false, why: '' };
    const mayPass = response.status >= 500 || response.status === 429 || response.status === 408;
    return { isTaken: false, mayPass, why: `${response.status} ${response.statusText} ${answer}`.trim() };
  } catch (error) {
    signal.throwIfAborted();
    const { cause, message } = error as Error & { cause?: Error };
    return { isTaken: false, mayPass: true, why: cause?.message || message };
  }
}

/** The beginning of an answer, which may be any server's page; the rest is not waited for. */
async function beginningOf(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= answerBytesMax) break;
  }
  return text.slice(0, answerBytesMax).replaceAll(/\s+/g, ' ').trim();
}

/** Both stores took over the same message: series of labels with samples of raw pprof. */
function requestOf(protocol: PushProtocol, { profile, labels, service }: PushedProfile): object {
  const pairs = Object.entries({ __name__: kindOf(profile), service_name: service, ...labels }).map(([name, value]) => {
    if (/^[A-Za-z_]\w*$/.test(name)) return { name, value };
    throw new FloodgateError('option-invalid', `"${name}" is no name of a label`, {
      hint: 'Letters, digits and underscores, e.g. --label region=eu.',
    });
  });
  const rawProfile = Buffer.from(writePprof(profile)).toString('base64');
  if (protocol === 'parca')
    return { series: [{ labels: { labels: pairs }, samples: [{ rawProfile }] }], normalized: true };
  return { series: [{ labels: pairs, samples: [{ rawProfile, ID: randomUUID() }] }] };
}

/** By these names the stores know what the sample types mean. */
function kindOf({ sampleTypes }: Profile): string {
  return sampleTypes.some(({ type }) => type === 'cpu') ? 'process_cpu' : 'memory';
}

function parseStore(text: string): { url: URL; authorization: string | undefined } {
  let url: URL;
  try {
    url = new URL(text);
    if (!/^https?:$/.test(url.protocol)) throw new Error('not http');
  } catch {
    throw new FloodgateError('option-invalid', `"${withoutSecrets(text)}" is no address of a store`, {
      hint: 'Example: http://localhost:4040 (Pyroscope), http://localhost:7070 (Parca).',
    });
  }
  const { username, password } = url;
  url.username = url.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url, authorization: username ? `Basic ${Buffer.from(pair).toString('base64')}` : undefined };
}
