/** Streams that speak TLS: recognised by their hello, or by records where that was missed; counted by version and server name. */
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import { type HttpStreams, Protocol } from './http-streams.ts';
import { type SideRecord, SideState } from './side.ts';
import { type TlsHello, TlsVersion } from './tls-hello.ts';
import { TlsRecords } from './tls-records.ts';

export class TlsStreams {
  /** Streams by TLS server name, for at most `tlsServerNamesMax` names; the rest under `''`. */
  readonly serverNames = new Map<string, number>();
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #streams: HttpStreams;

  constructor(limits: HttpLimits, counters: HttpCounters, streams: HttpStreams) {
    this.#limits = limits;
    this.#counters = counters;
    this.#streams = streams;
  }

  /** A stream speaks TLS from here on, as the beginning of one side says. */
  greet(
    stream: number,
    status: TlsHello['status'],
    { version, serverName }: Pick<TlsHello, 'version' | 'serverName'>,
  ): void {
    if (status === 'client') this.#countServerName(serverName);
    else if (status === 'server') this.#countVersion(version);
    else if (this.#streams.protocols[stream] !== Protocol.tls) this.#counters.tlsMidStream++;
    this.#become(stream);
  }

  /** Whether bytes that belong to no message are records of TLS: then nothing more is looked for in them. */
  finds(side: SideRecord, bytes: Uint8Array, from: number, end: number): boolean {
    if (this.#streams.protocols[side.stream] !== Protocol.unknown) return false;
    side.records ??= new TlsRecords();
    if (!side.records.push(bytes, from, end)) return false;
    this.#become(side.stream);
    this.#counters.tlsMidStream++;
    side.state = SideState.ignored;
    return true;
  }

  #become(stream: number): void {
    if (this.#streams.protocols[stream] !== Protocol.tls) this.#counters.tlsStreams++;
    this.#streams.protocols[stream] = Protocol.tls;
  }

  #countServerName(name: string): void {
    const names = this.serverNames;
    const key = names.has(name) || names.size < this.#limits.tlsServerNamesMax ? name : '';
    names.set(key, (names.get(key) ?? 0) + 1);
  }

  #countVersion(version: number): void {
    if (version === TlsVersion.tls13) this.#counters.tls13++;
    else if (version === TlsVersion.tls12) this.#counters.tls12++;
    else if (version === TlsVersion.tls11) this.#counters.tls11++;
    else if (version === TlsVersion.tls10) this.#counters.tls10++;
    else this.#counters.tlsOtherVersion++;
  }
}
