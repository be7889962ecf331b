/** The keeper of a spike for the report: its place in the sources, and how many it keeps of each request. */
import type { Keeper } from '../../reports/model.ts';
import type { Retained } from '../pass/instruments/instrument.ts';
import { projectRoot } from '../profile/files.ts';
import { fileOfUrl } from '../profile/heap-profile.ts';
import type { FoundKeeper } from '../profile/heap-snapshot/keeper.ts';
import type { Sources } from './sources.ts';

/** Below this share of what is new it is one place among many. */
const shareMin = 0.2;
/** A block is counted by its bytes alone: with less than this of what leaks it is one that a program has anyway. */
const blockShareMin = 0.1;

export interface KeeperOrder {
  readonly retained: Retained;
  /** Requests that the traffic of one frame makes, where the target does not count them; null where nobody does. */
  readonly requestsPerFrame: number | null;
  /** What stays for each frame; 0 where nothing leaks. */
  readonly leakBytesPerFrame: number;
  /** Where to look for a name that the snapshot gives no file of. */
  readonly likelyFile: string;
  readonly sources: Sources;
}

/** Null where snapshots show no container that most of what is new lies in. */
export function keeperOf(order: KeeperOrder): Keeper | null {
  const { retained, requestsPerFrame, leakBytesPerFrame, likelyFile, sources } = order;
  const { keeper: found, requests: counted, frames } = retained;
  if (!found || found.share < shareMin) return null;
  if (found.countAdded === 0 && found.bytesAdded < blockShareMin * leakBytesPerFrame * frames) return null;
  const requests = counted ?? (requestsPerFrame === null ? null : requestsPerFrame * frames);
  const { kind, held, countAdded, bytesAdded, share, path } = found;
  const perRequest = requests !== null && requests > 0 ? countAdded / requests : null;
  const { name, ...place } = placeOf(found, likelyFile, sources);
  const where = retained.where === '' ? name : `${name} in ${retained.where}`;
  return { name: where, kind, ...place, held, countAdded, perRequest, bytesAdded, share, path };
}

function placeOf(found: FoundKeeper, likelyFile: string, sources: Sources): Pick<Keeper, 'name' | 'file' | 'line'> {
  const built = found.script === '' ? likelyFile : fileOfUrl(found.script, [projectRoot, process.cwd()]);
  const declared = found.script === '' ? undefined : declarationInBuilt(found, built, sources);
  const source = declared ?? (found.script === '' ? undefined : sources.positionOf(built, found.line, found.column));
  const { file, line: near } = source ?? { file: built, line: found.line };
  const lines = sources.linesOf(file);
  const name = nameIn(lines, near, { ...found, name: declared?.fullName ?? found.name });
  const line = declarationLine(lines, { name, line: near });
  if (line > 0) return { name, file, line };
  return found.script === '' ? { name, file: '', line: 0 } : { name, file, line: near };
}

/** The name without `listeners of "change" on`. */
const ofWhat = / (?:on|to|from) ([\w$#.[\]-]+)$/;

/**
 * Of built code: a bundler gives variables and classes of all modules one scope, and other names. The source map says of their declaration
 * what and where it was. Undefined where there is no map, or no such declaration.
 */
function declarationInBuilt({ name, variable }: FoundKeeper, built: string, sources: Sources) {
  const full = ofWhat.exec(name)?.[1] ?? name;
  const first = /^[\w$]+/.exec(full)?.[0];
  if (first === undefined || variable !== undefined) return undefined;
  for (const before of ['\\b(?:const|let|var|class|function) +', ',']) {
    const pattern = new RegExp(`(${before})${quoted(first)}(?![\\w$])(?=\\s*(?:=|\\{|;|,|\\(|extends\\b))`, 'g');
    for (const [i, text] of sources.linesOf(built).entries()) {
      for (const match of text.matchAll(pattern)) {
        const source = sources.positionOf(built, i + 1, match.index + match[1]!.length + 1);
        if (!source) continue;
        const fullName = name.slice(0, name.length - full.length) + (source.name ?? first) + full.slice(first.length);
        return { ...source, fullName };
      }
    }
  }
  return undefined;
}

/** How a source makes an object of a class. */
function makes(kind: string): string {
  if (kind === 'Array') return '(\\[|Array[.(]|new Array\\b)';
  if (kind === 'Object') return '(\\{|Object\\.create)';
  return `(await )?new ([\\w$.]+\\.)?${quoted(kind)}\\b`;
}

/** Of a variable of a block V8 says no name: it is one of those above a function that sees it which are given such an object. */
export function nameIn(lines: readonly string[], near: number, { name, variable }: FoundKeeper): string {
  if (variable === undefined) return name;
  const declaration = new RegExp(`\\b(?:const|let|var)\\s+([\\w$]+)\\s*(?::[^=]+)?=\\s*${makes(variable.kind)}`);
  const declared = lines.slice(0, near).flatMap((text) => declaration.exec(text)?.[1] ?? []);
  const word = declared.at(-1 - variable.alikeAfter) ?? `a variable (${variable.kind})`;
  if (name === '') return word;
  return name.startsWith('[') ? word + name : / (on|to|from)$/.test(name) ? `${name} ${word}` : `${word}.${name}`;
}

const quoted = (word: string) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Where a name is declared, or first given a value; 0 where no line looks like that. */
export function declarationLine(lines: readonly string[], { name, line }: Pick<FoundKeeper, 'name' | 'line'>): number {
  const full = ofWhat.exec(name)?.[1] ?? name;
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
