/** What streams carried that is not decoded here: a capture of nothing else must not look like an empty one. */
import type { HttpCounters } from './http-counters.ts';

/** TLS server names that are given one by one, most streams first. */
const namesMax = 20;
/** … and in a sentence. */
const namesPrinted = 5;

export interface NotDecoded {
  readonly tlsStreams: number;
  readonly http2Streams: number;
  readonly websocketStreams: number;
  /** Streams that HTTP/1 was left in for something else. */
  readonly upgradedStreams: number;
  /** Streams of protocols that are none of these. */
  readonly unknownStreams: number;
  /** By TLS server name as asked for, most streams first; '' counts those without a name and all further names. */
  readonly serverNames: readonly { readonly name: string; readonly streams: number }[];
}

/** @param counters by their names in the statistics (`http.tlsStreams`) */
export function notDecoded(
  counters: Readonly<Record<string, number>>,
  serverNames: Iterable<readonly [string, number]>,
): NotDecoded {
  const of = (name: keyof HttpCounters) => counters[`http.${name}`] ?? 0;
  return {
    tlsStreams: of('tlsStreams'),
    http2Streams: of('http2Streams'),
    websocketStreams: of('websocketStreams'),
    upgradedStreams: of('upgradedStreams') - of('websocketStreams') - of('http2Upgrades'),
    unknownStreams: of('unknownStreams'),
    serverNames: mostFrequent(serverNames),
  };
}

function mostFrequent(serverNames: Iterable<readonly [string, number]>): NotDecoded['serverNames'] {
  const named = [...serverNames].map(([name, streams]) => ({ name, streams }));
  const least = (name: string) => (name === '' ? 1 : 0);
  named.sort((a, b) => least(a.name) - least(b.name) || b.streams - a.streams || (a.name < b.name ? -1 : 1));
  const rest = named.splice(namesMax).reduce((sum, { streams }) => sum + streams, 0);
  if (rest === 0) return named;
  const last = named.at(-1)!;
  if (last.name !== '') return [...named, { name: '', streams: rest }];
  return [...named.slice(0, -1), { name: '', streams: rest + last.streams }];
}

/** One sentence; null where all there was is decoded. */
export function describeNotDecoded(seen: NotDecoded): string | null {
  const parts: string[] = [];
  const add = (count: number, what: string, more = '') => {
    if (count > 0) parts.push(`${count} ${what.replace('#', count === 1 ? 'stream' : 'streams')}${more}`);
  };
  add(seen.tlsStreams, 'TLS #', describeNames(seen.serverNames));
  add(seen.http2Streams, 'HTTP/2 #');
  add(seen.websocketStreams, 'WebSocket #');
  add(seen.upgradedStreams, '# upgraded to other protocols');
  add(seen.unknownStreams, '# of other protocols');
  if (parts.length === 0) return null;
  const last = parts.pop()!;
  const isOne = parts.length === 0 && last.startsWith('1 ');
  const all = parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
  return `${all} ${isOne ? 'was' : 'were'} seen and not decoded`;
}

function describeNames(serverNames: NotDecoded['serverNames']): string {
  const named = serverNames.filter(({ name }) => name !== '');
  if (named.length === 0) return '';
  const printed = named.slice(0, namesPrinted).map(({ name, streams }) => `${name} ${streams}`);
  const more = named.length > namesPrinted || named.length < serverNames.length ? ', …' : '';
  return ` (server names ${printed.join(', ')}${more})`;
}
