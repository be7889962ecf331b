/**
 * A list of files by their digests, as sha256sum(1) takes it with `--check`: names with a line break or a backslash are escaped as it escapes
 * them, and what else is known of a file stands in a line of its own above it, which it takes for a comment. Pure.
 */
export interface DigestLine {
  readonly name: string;
  readonly sha256: string;
  /** Words without a line break; empty: nothing stands above it. */
  readonly remark: string;
}

export function digestText(lines: readonly DigestLine[]): string {
  return lines
    .map(({ name, sha256, remark }) => {
      const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
      return `${remark === '' ? '' : `# ${remark}\n`}${escaped === name ? '' : '\\'}${sha256}  ${escaped}\n`;
    })
    .join('');
}

/** Undefined where it is no such list, as `digestText` spells it, of different names. */
export function readDigestLines(text: string): DigestLine[] | undefined {
  const lines: DigestLine[] = [];
  for (const [, line] of text.matchAll(/((?:# [^\n]*\n)?[^\n]*)\n/g)) {
    const match = /^(?:# ([a-z0-9 ]+)\n)?(\\?)([0-9a-f]{64}) {2}(.+)$/.exec(line!);
    if (!match) return undefined;
    const [, remark = '', mark, sha256, shown] = match;
    const name =
      mark === '' ? shown! : shown!.replaceAll(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c === 'r' ? '\r' : c));
    lines.push({ name, sha256: sha256!, remark });
  }
  const isWhole = new Set(lines.map(({ name }) => name)).size === lines.length && digestText(lines) === text;
  return isWhole ? lines : undefined;
}

/** By name, each of them below the top: as one walk of a folder makes a list. */
export function isWalked(files: readonly Pick<DigestLine, 'name'>[]): boolean {
  const isBelow = ({ name }: Pick<DigestLine, 'name'>) =>
    name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  return files.every((each, at) => isBelow(each) && (at === 0 || files[at - 1]!.name < each.name));
}
