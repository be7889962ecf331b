/**
 * Which function of the base a function of the head is: by its name, unless its text says otherwise; else by its text, by who calls it and
 * what it allocates. A function that is only renamed, or moved, is otherwise gone and new, and would be blamed. Pure.
 */
import { bestPairs, type Candidate } from './best-pairs.ts';
import { likeness, type TextParts } from './function-text.ts';
import { sameNameMatcher } from './same-name.ts';
import { nameKey, type SiteByRequest, type SitesByKey } from './site-bytes.ts';
import { bytesAlike, callersAlike, type Known } from './site-evidence.ts';

/** `renamed`: or moved, by its text or name; `replaced`: in its place, with the same bytes or for the same callers. */
export interface SiteMatch {
  readonly base: SiteByRequest;
  readonly how: 'same' | 'renamed' | 'replaced';
}

/** Texts of the same function after a change of it; of unrelated ones a third is alike. Below it a name alone decides nothing. */
const likeMin = 0.6;
/** Of a file that was renamed, as git takes it. */
const fileLikeMin = 0.5;
/** As readers of profiles name a function that has no name. */
const anonymous = '(anonymous)';
/** Each with each is compared: the largest are those that may be blamed. */
const leftMax = 200;

/** @returns by the key of the head; what is missing is new */
export function matchSites(base: SitesByKey, head: SitesByKey, known: Known): ReadonlyMap<string, SiteMatch> {
  const { found, decided } = byName(base, head, renamedFiles(base, head, known), known);
  const taken = new Set([...found.values()].map((match) => match.base));
  const gone = largest([...base.values()].filter((each) => !taken.has(each)));
  const fresh = largest([...head].filter(([key]) => !found.has(key)).map(([, each]) => each));
  const keyOf = new Map([...head].map(([key, each]) => [each, key]));
  const candidates = fresh.flatMap((each) =>
    // Those of one name are distinguished already.
    gone.flatMap((other) =>
      decided.has(each) && decided.has(other) && isNamesake(other, each) ? [] : (candidateOf(other, each, known) ?? []),
    ),
  );
  for (const { before, after, how } of bestPairs(candidates)) found.set(keyOf.get(after)!, { base: before, how });
  return found;
}

const isNamesake = (before: SiteByRequest, after: SiteByRequest): boolean =>
  before.site.file === after.site.file && before.site.functionName === after.site.functionName;

function largest(sites: SiteByRequest[]): SiteByRequest[] {
  const own = sites.filter(({ site }) => site.file !== '');
  return own.sort((a, b) => b.bytes - a.bytes).slice(0, leftMax);
}

/** Those of the same name in the same file, whatever that is called now, but where their texts have little in common. */
function byName(base: SitesByKey, head: SitesByKey, files: ReadonlyMap<string, string>, known: Known) {
  const found = new Map<string, SiteMatch>();
  const keyOf = new Map([...head].map(([key, each]) => [each, key]));
  const now = groupsOf(head, (file) => file);
  const decided = new Set<SiteByRequest>();
  const matchSameName = sameNameMatcher(known);
  for (const [name, before] of groupsOf(base, (file) => files.get(file) ?? file)) {
    const after = now.get(name);
    if (!after) continue;
    const { file, functionName } = after[0]!.site;
    const isUnique = before.length === 1 && after.length === 1 && functionName !== anonymous;
    const pairs = isUnique || file === '' ? [[before[0]!, after[0]!] as const] : matchSameName(before, after);
    if (isUnique && file !== '' && isOther(known.base.text(before[0]!), known.head.text(after[0]!))) continue;
    if (!isUnique) for (const each of [...before, ...after]) decided.add(each);
    for (const [from, to] of pairs)
      found.set(keyOf.get(to)!, { base: from, how: from.site.file === file ? 'same' : 'renamed' });
  }
  return { found, decided };
}

/** Sites of one name in one file together. @param fileOf how that is called in the other version */
function groupsOf(sites: SitesByKey, fileOf: (file: string) => string): ReadonlyMap<string, SiteByRequest[]> {
  const groups = new Map<string, SiteByRequest[]>();
  for (const each of sites.values()) {
    const key = nameKey(each.site, fileOf(each.site.file));
    const known = groups.get(key);
    if (known) known.push(each);
    else groups.set(key, [each]);
  }
  return groups;
}

function isOther(before: TextParts | undefined, after: TextParts | undefined): boolean {
  return before !== undefined && after !== undefined && likeness(before, after) < likeMin;
}

interface SiteCandidate extends Candidate<SiteByRequest> {
  readonly how: SiteMatch['how'];
}

/** Undefined where nothing says that it may be the same. */
function candidateOf(before: SiteByRequest, after: SiteByRequest, known: Known): SiteCandidate | undefined {
  if (before.site.where !== after.site.where) return undefined;
  const isName = before.site.functionName === after.site.functionName && after.site.functionName !== anonymous;
  const isFile = before.site.file === after.site.file;
  const [textBefore, textAfter] = [known.base.text(before), known.head.text(after)];
  const text = textBefore && textAfter && likeness(textBefore, textAfter);
  const calledAlike = callersAlike(known.base.callers(before), known.head.callers(after));
  const isAlike = bytesAlike(before, after);
  const more = (isFile ? 0.05 : 0) + (isName ? 0.05 : 0) + (calledAlike ? 0.04 : 0) + (isAlike ? 0.02 : 0);
  const as = (how: SiteMatch['how'], score: number) => ({ before, after, how, score: score + more });
  if (text !== undefined && text >= likeMin) return as('renamed', 1 + text);
  // Its text was thrown away, and no other function has the old one.
  if (isName && isFile) return as('same', 0.9);
  if (isName && text === undefined && calledAlike !== false) return as('renamed', 0.7);
  if (isFile && isAlike && calledAlike !== false) return as('replaced', 0.5);
  const isInPlace = isFile && calledAlike === true && hasCallers(known, after) && isSized(before, after);
  return isInPlace ? as('replaced', 0.3) : undefined;
}

/** Half as much, up to twice: what is far from it does something else. */
const isSized = (before: SiteByRequest, after: SiteByRequest): boolean =>
  before.bytes < 2 * after.bytes && after.bytes < 2 * before.bytes;

/** Entry points have none, and have that in common. */
const hasCallers = ({ head }: Known, after: SiteByRequest): boolean => (head.callers(after)?.size ?? 0) > 0;

/** By the name of the base: files that are not in the other version, and are alike. */
function renamedFiles(base: SitesByKey, head: SitesByKey, known: Known): ReadonlyMap<string, string> {
  const [before, after] = [namesByFile(base), namesByFile(head)];
  const gone = [...before.keys()].filter((file) => !(known.head.hasFile(file) ?? after.has(file)));
  const fresh = [...after.keys()].filter((file) => !(known.base.hasFile(file) ?? before.has(file)));
  const likely = gone.flatMap((from) =>
    fresh.map((to) => {
      const [a, b] = [known.base.file(from), known.head.file(to)];
      const score = a && b ? likeness(a, b) : namesAlike(before.get(from)!, after.get(to)!);
      return { before: from, after: to, score };
    }),
  );
  const pairs = bestPairs(likely.filter(({ score }) => score >= fileLikeMin));
  return new Map(pairs.map((each) => [each.before, each.after]));
}

function namesByFile(sites: SitesByKey): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const { site } of sites.values()) {
    if (site.file === '') continue;
    const known = names.get(site.file);
    if (known) known.add(site.functionName);
    else names.set(site.file, new Set([site.functionName]));
  }
  return names;
}

/** Where no file can be read: what both have by name, of the smaller. */
function namesAlike(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const both = [...a].filter((name) => name !== anonymous && b.has(name)).length;
  return both / Math.min(a.size, b.size);
}
