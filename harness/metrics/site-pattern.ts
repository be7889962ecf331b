/** Call sites by a pattern, for limits on a part of the program. Pure. */

/**
 * A call-site pattern: a path in which `*` stands for anything but a slash and `**` for anything, then optionally `#`
 * and a function name in the same manner.
 */
export function sitePattern(pattern: string): (file: string, functionName: string) => boolean {
  const [path = '', name] = pattern.split('#', 2);
  const file = globExpression(path);
  const functionName = name === undefined ? undefined : globExpression(name);
  return (atFile, atFunction) => file.test(atFile) && (functionName === undefined || functionName.test(atFunction));
}

function globExpression(glob: string): RegExp {
  // Runs of more than two stars would only multiply the ways to match.
  const parts = glob.replaceAll(/\*{3,}/g, '**').split(/(\*\*|\*)/);
  const source = parts.map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]*' : RegExp.escape(part))).join('');
  return new RegExp(`^${source}$`, 's');
}
