/** Opens what chooses among exchanges and what uploads them. Loaded only where a run asks for some of it. */
import { networkInterfaces } from 'node:os';
import type { Agent } from '../agent.ts';
import { FloodgateError } from '../errors.ts';
import { ExchangeFilter } from '../filter/exchange-filter.ts';
import type { Expressions } from '../filter/expressions.ts';
import type { OwnTraffic } from '../filter/own-traffic.ts';
import { RateWindows } from '../filter/rate-windows.ts';
import type { MessageHandler } from '../http/message-handler.ts';
import type { AgentLimits } from '../limits.ts';
import type { OverloadMark } from '../overload/mark.ts';
import type { DiskSpool } from '../sinks/disk-spool.ts';
import type { Upload } from '../sinks/upload.ts';
import { emptyStreamDescription } from '../tcp/stream-table.ts';
import type { DeliveryFlags } from './delivery-options.ts';

/** Everything here is judged by what its author wrote. @throws FloodgateError `expression-invalid`. */
export async function openFilter(
  flags: DeliveryFlags,
  limits: AgentLimits,
  own: OwnTraffic | null,
): Promise<(agent: Agent, inner: MessageHandler) => ExchangeFilter> {
  const rules = {
    allowHosts: await readExpressions('--allow-host', flags.allowHost, true),
    excludeHosts: await readExpressions('--exclude-host', flags.excludeHost, true),
    allowPaths: await readExpressions('--allow-path', flags.allowPath, false),
    excludePaths: await readExpressions('--exclude-path', flags.excludePath, false),
    sampleShare: flags.sample ?? 1,
    rate: flags.rateLimit === undefined ? null : new RateWindows(flags.rateLimit, Math.random),
    random: Math.random,
  };
  const description = emptyStreamDescription();
  return (agent, inner) => {
    const isOwn =
      own === null ? null : (stream: number) => !own.isEmpty && own.has(agent.tcp.describe(stream, description));
    const { tcp, witness } = limits;
    return new ExchangeFilter({ ...rules, isOwn }, inner, {
      streamsMax: tcp.streamsMax,
      verdictsMax: witness.pendingMax,
    });
  };
}

async function readExpressions(
  option: string,
  texts: readonly string[] | undefined,
  ignoreCase: boolean,
): Promise<Expressions | null> {
  if (texts === undefined) return null;
  const { ExpressionError, Expressions } = await import('../filter/expressions.ts');
  try {
    return new Expressions(texts, { ignoreCase });
  } catch (cause) {
    if (!(cause instanceof ExpressionError)) throw cause;
    throw new FloodgateError('expression-invalid', `${option}: ${cause.message}`, {
      hint: 'RE2’s syntax is taken: no references back and no looking ahead or behind, which need backtracking',
      cause,
    });
  }
}

/** A server of this process: on every address of the host where it listens on all. */
export function addListener(own: OwnTraffic, { address, port }: { address: string; port: number }): void {
  own.addListener(address, port);
  if (address !== '0.0.0.0' && address !== '::') return;
  for (const device of Object.values(networkInterfaces())) {
    for (const each of device ?? []) own.addListener(each.address, port);
  }
}

/** Apart from that of a run that could not be: everything else was done. */
const witnessesLostExitCode = 5;

/** Call at the end. @throws FloodgateError `witnesses-lost`, exit code 5. */
export function requireDelivered({ witnessesLost, witnessesGiven, counters }: Upload): void {
  if (witnessesLost === 0) return;
  const { witnessesRefused } = counters;
  const refused = witnessesRefused > 0 ? `, ${witnessesRefused} of them refused by the server` : '';
  throw new FloodgateError(
    'witnesses-lost',
    `${witnessesLost} of ${witnessesGiven} witnesses could not be delivered and are lost${refused}`,
    {
      exitCode: witnessesLostExitCode,
      hint: 'with --spool FOLDER they wait on disk for the next agent, up to --spool-max; what a server refuses is said above',
    },
  );
}

export interface OpenedUpload {
  readonly upload: Upload;
  /** Null where batches wait in memory. */
  readonly disk: DiskSpool | null;
  /** After the last batch. */
  close(): void;
}

async function openSpool(folder: string, bytesMax: number, { spoolBatchesMax }: AgentLimits): Promise<DiskSpool> {
  const { DiskSpool } = await import('../sinks/disk-spool.ts');
  return new DiskSpool(folder, bytesMax, spoolBatchesMax);
}

/** @throws FloodgateError `upload-url`, `spool-*`. */
export async function openUpload(
  flags: DeliveryFlags & { upload: string },
  limits: AgentLimits,
  own: OwnTraffic | null,
  means: { nowMs: () => number; overload: () => OverloadMark; report: (line: string) => void },
): Promise<OpenedUpload> {
  const { UploadTarget } = await import('../sinks/upload-target.ts');
  const target = new UploadTarget(flags.upload);
  if (target.showsCredentials) means.report(`upload: user and password go to ${target.origin} unencrypted`);
  const { MemorySpool } = await import('../sinks/spool.ts');
  const { UploadRequest } = await import('../sinks/upload-request.ts');
  const { Upload } = await import('../sinks/upload.ts');
  const tls = target.isTls ? await import('node:https') : null;
  const disk = flags.spool === undefined ? null : await openSpool(flags.spool, flags.spoolMax, limits);
  const requests = new UploadRequest(
    { target, timeoutMs: flags.uploadTimeoutMs, nowMs: Date.now, onConnection: (ends) => own?.add(ends) },
    tls,
  );
  const upload = new Upload({
    spool: disk ?? new MemorySpool(limits.memorySpoolBytesMax),
    send: (batch) => requests.send(batch),
    abort: () => requests.abort(),
    coding: flags.uploadCoding,
    batchBytesMax: Math.min(flags.uploadBatch ?? limits.batchBytesMax, limits.batchBytesMax),
    batchMsMax: flags.uploadIntervalMs,
    origin: target.origin,
    random: Math.random,
    ...means,
  });
  return { upload, disk, close: () => requests.close() };
}
