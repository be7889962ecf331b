/** What is written after an option, as a value: sizes, counts, times, places. Each throws what commander prints. */
import { InvalidArgumentError } from 'commander';

const sizeUnits: Record<string, number> = { '': 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 1024, mib: 1 << 20, gib: 1 << 30 };

/** Bytes: `200MB`, `64MiB`, `4096`. */
export function parseSize(text: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = sizeUnits[(match?.[2] ?? '?').toLowerCase()];
  const bytes = match === null || unit === undefined ? 0 : Math.floor(Number(match[1]) * unit);
  if (bytes < 1) throw new InvalidArgumentError('a size like 200MB or 64MiB is expected.');
  return bytes;
}

export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('a whole number from 1 up is expected.');
  return value;
}

/** CPU time for each second of the clock, of one core: `50%`, `0.5`, `150%`. */
export function parseCpu(text: string): number {
  const match = /^(\d{1,5}(?:\.\d{1,3})?)\s*(%?)$/.exec(text.trim());
  const share = Number(match?.[1] ?? Number.NaN) / (match?.[2] === '%' ? 100 : 1);
  // A number without % beyond this is a percentage that lacks it.
  if (!(share > 0) || (match?.[2] === '' && share > 16)) {
    throw new InvalidArgumentError('a share of a core, like 50% or 0.5, is expected.');
  }
  return share;
}

/** More threads than this find no cores to run on, and no memory to share. */
const workersMax = 16;

export function parseWorkers(text: string): number {
  const value = parseCount(text);
  if (value > workersMax) throw new InvalidArgumentError(`${workersMax} at most are expected.`);
  return value;
}

/** Timers take 2³¹ − 1 ms at most, and fire at once beyond. */
export function parseMilliseconds(text: string): number {
  const value = parseCount(text);
  if (value > 86_400_000) throw new InvalidArgumentError('a day (86400000 ms) at most is expected.');
  return value;
}

export function parseSeconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 86_400)) throw new InvalidArgumentError('seconds, up to a day, are expected.');
  return value;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:6060`, `[::1]:6060`, `:6060` or `6060`; without an address, loopback. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:(\[[0-9a-f:.]+\]|[^:[\]]*):)?(\d{1,5})$/i.exec(text.trim());
  const port = Number(match?.[2] ?? Number.NaN);
  if (match === null || !(port <= 65_535))
    throw new InvalidArgumentError('ADDRESS:PORT, like 127.0.0.1:6060, is expected.');
  const host = (match[1] ?? '').replace(/^\[|\]$/g, '');
  return { host: host === '' ? '127.0.0.1' : host, port };
}

/** Repeatable, or several with commas between them. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, ...value.split(',').filter((part) => part !== '')];
}
