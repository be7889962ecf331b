/** The keeper of a spike for the report: its place in the sources, and how many it keeps of each request. */
import type { Keeper } from '../../reports/model.ts';
import type { Retained } from '../pass/instruments/instrument.ts';
import { projectRoot } from '../profile/files.ts';
import { fileOfUrl } from '../profile/heap-profile.ts';
import type { FoundKeeper } from '../profile/heap-snapshot/keeper.ts';
import type { Sources } from './sources.ts';

/** Below this share of what is new it is one place among many. */
const shareMin = 0.2;

export interface KeeperOrder {
  readonly retained: Retained;
  /** Requests that the traffic of one frame makes, where the target does not count them; null where nobody does. */
  readonly requestsPerFrame: number | null;
  /** Where to look for a name that the snapshot gives no file of. */
  readonly likelyFile: string;
  readonly sources: Sources;
}

/** Null where snapshots show no container that most of what is new lies in. */
export function keeperOf({ retained, requestsPerFrame, likelyFile, sources }: KeeperOrder): Keeper | null {
  const { keeper: found, requests: counted, frames } = retained;
  if (!found || found.share < shareMin) return null;
  const requests = counted ?? (requestsPerFrame === null ? null : requestsPerFrame * frames);
  const { kind, held, countAdded, bytesAdded, share, path } = found;
  const name = retained.where === '' ? found.name : `${found.name} in ${retained.where}`;
  const perRequest = requests !== null && requests > 0 ? countAdded / requests : null;
  return { name, kind, ...placeOf(found, likelyFile, sources), held, countAdded, perRequest, bytesAdded, share, path };
}

function placeOf(found: FoundKeeper, likelyFile: string, sources: Sources): { file: string; line: number } {
  const built = found.script === '' ? likelyFile : fileOfUrl(found.script, [projectRoot, process.cwd()]);
  const source = found.script === '' ? undefined : sources.positionOf(built, found.line, found.column);
  const { file, line: near } = source ?? { file: built, line: found.line };
  const line = declarationLine(sources.linesOf(file), { name: found.name, line: near });
  if (line > 0) return { file, line };
  return found.script === '' ? { file: '', line: 0 } : { file, line: near };
}

const quoted = (word: string) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Where a name is declared, or first given a value; 0 where no line looks like that. */
export function declarationLine(lines: readonly string[], { name, line }: Pick<FoundKeeper, 'name' | 'line'>): number {
  const full = / (?:on|to|from) ([\w$#.[\]-]+)$/.exec(name)?.[1] ?? name;
  if (full === 'process' || !/^[\w$#.[\]-]+$/.test(full)) return 0;
  const words = full.split('.').filter((word) => word !== 'globalThis');
  const first = words[0]!.replace(/\[.*$/, '');
  const last = words.at(-1)!.replace(/\[.*$/, '');
  const find = (pattern: RegExp, from = 0) => lines.findIndex((text, i) => i >= from && pattern.test(text)) + 1;
  const variable = () =>
    find(new RegExp(`\\b(const|let|var|using)\\s+([{[]([^=]*[\\s,{[:])?)?${quoted(first)}(?![\\w$])`));
  // Of a class or a function it is a member: from there on.
  const member = new RegExp(`(^|[\\s.])${quoted(last)}\\s*(!?:|\\??:|=(?!=)|;|\\?\\?=|\\|\\|=)`);
  const field = () => find(member, Math.max(0, line - 1)) || find(member);
  return words.length > 1 && /^[A-Z]/.test(first) ? field() || variable() : variable() || field();
}
