/** Whether an installed version is one that a manifest asks for. Pure. */

const wholeVersion = /^v?(\d+)\.(\d+)\.(\d+)(-[\w.-]+)?(?:\+[\w.-]+)?$/;
/** `^1.2`, `~1.2.3`, `>= 1`, `1.x`, `*` */
const partialRange = /^(\^|~|>=|=)?\s*v?(\d+|[x*])(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?$/i;

type Numbers = readonly [number, number, number];

/** @returns undefined where the range is of a kind that is not known here: a tag, an address, two bounds */
export function isInRange(version: string, range: string): boolean | undefined {
  // Of a workspace the version beside it is meant, and an alias names its package as well.
  const asked = range.replace(/^workspace:/, '').replace(/^npm:(?:@[^/]+\/)?[^@]+@/, '');
  const answers = asked.split('||').map((part) => isInPart(version, part.trim()));
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

function isInPart(version: string, part: string): boolean | undefined {
  if (part === version) return true;
  const whole = wholeVersion.exec(version);
  if (part === '' || part === '^' || part === '~') return true;
  const asked = partialRange.exec(part);
  if (!whole || !asked) return wholeVersion.test(part) ? false : undefined;
  // A version before a release is in a range only by its name.
  if (whole[4] !== undefined) return /^[*x]$/i.test(part);
  const given = asked.slice(2).map((text) => (text === undefined || /^[x*]$/i.test(text) ? undefined : Number(text)));
  const numbers = whole.slice(1, 4).map(Number) as unknown as Numbers;
  return isBeyond(asked[1] ?? '', given, numbers);
}

/** @param given undefined for what may be any */
function isBeyond(sign: string, given: readonly (number | undefined)[], numbers: Numbers): boolean {
  const firstOpen = given.includes(undefined) ? given.indexOf(undefined) : given.length;
  const lowest = given.map((number, at) => (at < firstOpen ? number! : 0));
  if (sign === '>=') return compare(numbers, lowest) >= 0;
  const fixed = Math.min(firstOpen, fixedBy(sign, given, firstOpen));
  return compare(numbers, lowest) >= 0 && numbers.slice(0, fixed).every((number, at) => number === lowest[at]);
}

/** How many numbers stay as they are. */
function fixedBy(sign: string, given: readonly (number | undefined)[], firstOpen: number): number {
  if (sign === '~') return 2;
  if (sign !== '^') return 3;
  const first = given.findIndex((number) => number !== 0);
  return first < 0 || given[first] === undefined ? firstOpen : first + 1;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}
