/**
 * The shape of a path: what requests of one endpoint have in common. `/v1/orders/4711` and `/v1/orders/4712` are of the shape
 * `/v1/orders/#`, identifiers of other kinds are `*`. Hot path under overload: `hashShape` makes no string.
 */

/** What becomes of a segment. */
const Kind = { literal: 0, numbers: 1, any: 2 } as const;
type Kind = (typeof Kind)[keyof typeof Kind];

/** Words of an interface are shorter. */
const wordLengthMax = 40;
/** Hexadecimal digits and hyphens from here on are an identifier, as in a UUID or a date. */
const hexadecimalLengthMin = 8;
/** Letters among digits from here on are a token. */
const tokenLengthMin = 16;
/** Longer paths are of the shape of their beginning. */
const pathLengthMax = 1_024;

const isDigit = (c: number) => c >= 48 && c <= 57;

function kindOf(path: string, start: number, end: number): Kind {
  const length = end - start;
  let digits = 0;
  let isHexadecimal = true;
  for (let at = start; at < end; at += 1) {
    const c = path.charCodeAt(at);
    if (isDigit(c)) digits += 1;
    else if (c !== 45 && !((c | 32) >= 97 && (c | 32) <= 102)) isHexadecimal = false;
  }
  if (length > wordLengthMax) return Kind.any;
  if (digits === 0 || isVersion(path, start, end)) return Kind.literal;
  if (isHexadecimal && length >= hexadecimalLengthMin) return Kind.any;
  return length >= tokenLengthMin && digits > 1 ? Kind.any : Kind.numbers;
}

/** `v1`, `v12` */
function isVersion(path: string, start: number, end: number): boolean {
  if ((path.charCodeAt(start) | 32) !== 118 || end - start > 3) return false;
  for (let at = start + 1; at < end; at += 1) if (!isDigit(path.charCodeAt(at))) return false;
  return true;
}

/** Where the path of a request target ends: before its query. */
function pathEnd(target: string, start: number): number {
  const most = Math.min(target.length, start + pathLengthMax);
  for (let at = start; at < most; at += 1) {
    const c = target.charCodeAt(at);
    if (c === 63 || c === 35) return at;
  }
  return most;
}

/** Where the path of a request target begins, which may be in absolute form (RFC 9112, section 3.2.2). */
function pathStart(target: string): number {
  if (target.charCodeAt(0) === 47) return 0;
  const scheme = target.indexOf('://');
  if (scheme < 0 || scheme > 20) return 0;
  const slash = target.indexOf('/', scheme + 3);
  return slash < 0 ? target.length : slash;
}

/** Two words, so that of many endpoints hardly two are taken for one. */
export interface ShapeHash {
  high: number;
  low: number;
  /** Of the path itself, where that differs from its shape; else 0. */
  path: number;
}

const step = (hash: number, c: number) => Math.imul(hash ^ c, 0x0100_0193);
const turn = (hash: number, c: number) => {
  const next = Math.imul(hash + c, 0x9e37_79b1);
  return next ^ (next >>> 15);
};

/** Goes on with `out` over the text of a name, in any case. */
export function hashName(name: string, out: ShapeHash): void {
  let { high, low } = out;
  for (let at = 0; at < name.length && at < 256; at += 1) {
    const code = name.charCodeAt(at);
    const c = code >= 65 && code <= 90 ? code | 32 : code;
    high = step(high, c);
    low = turn(low, c);
  }
  out.high = step(high, 0);
  out.low = turn(low, 0);
}

/** Goes on with `out` over the shape of a request target's path. */
export function hashShape(target: string, out: ShapeHash): void {
  const end = pathEnd(target, pathStart(target));
  let { high, low } = out;
  let path = low;
  let isExact = true;
  for (let start = pathStart(target); start < end; ) {
    let stop = target.indexOf('/', start + 1);
    if (stop < 0 || stop > end) stop = end;
    const first = target.charCodeAt(start) === 47 ? start + 1 : start;
    const kind = kindOf(target, first, stop);
    if (kind !== Kind.literal) isExact = false;
    high = step(high, 47);
    low = turn(low, 47);
    let isRun = false;
    for (let at = first; at < stop; at += 1) {
      const c = target.charCodeAt(at);
      path = turn(path, c);
      if (kind === Kind.any) continue;
      const isNumber = kind === Kind.numbers && isDigit(c);
      if (isNumber && isRun) continue;
      isRun = isNumber;
      high = step(high, isNumber ? 35 : c);
      low = turn(low, isNumber ? 35 : c);
    }
    if (kind === Kind.any) {
      high = step(high, 42);
      low = turn(low, 42);
    }
    path = turn(path, 47);
    start = stop;
  }
  out.high = high;
  out.low = low;
  out.path = isExact ? 0 : path | 1;
}

/** The shape as people read it. */
export function pathShape(target: string): string {
  const start = pathStart(target);
  const end = pathEnd(target, start);
  const segments = target.slice(start, end).split('/');
  return segments
    .map((segment) => {
      const kind = kindOf(segment, 0, segment.length);
      if (kind === Kind.literal) return segment;
      return kind === Kind.any ? '*' : segment.replace(/\d+/g, '#');
    })
    .join('/');
}
