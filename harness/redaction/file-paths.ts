/**
 * Paths of files in a text: their segments are names, whatever words stand in them. The rules of the agent read what stands behind a
 * secret's name in an address (`/token/…`) as its value, and so `src/token/token.service.spec.ts:12`. Pure.
 */
import { redactText } from '../../agent/witness/secret-scanner.ts';

/** Runs of characters none of which ends a path in any text: without a slash in the pattern, so that each is read once. */
const runRule = /[^\s"'`<>?#&;,\\(){}|=]+/g;
/** Paths of what a server serves are no files: `https://shop.example/reset/…`. */
const addressRule = /^(?!file:|webpack)[a-z][a-z\d+.-]*:\/\//i;

const endings =
  'm?[jt]sx?|c[jt]s|json5?|ya?ml|toml|lock|md|mdx|txt|html?|s?css|less|svelte|vue|astro|map|snap|wasm|wat|node|sh|py|rb|php|go|rs|java|kts?|scala|swift|cs|fs|c|h|cc|cpp|hpp|zig|ex|exs|erl|sql|proto|graphql|gql|feature|svg|png|har|pcap|pcapng|cap|pprof|(?:cpu|heap)profile|pem|crt|key|p12|ini|conf';
const fileEnding = new RegExp(String.raw`\.(?:${endings})$`, 'i');
/** Where a frame of a program is in its file. */
const placeRule = /(?::\d{1,7}){1,2}$/;
const lineRule = new RegExp(String.raw`(?<=[\w\])]\.(?:${endings})):(?=\d{1,7}(?::\d{1,7})?(?![\w.-]))`, 'gi');

/** Characters of no text: none of them ends a value, or begins one. */
const slashMark = '\u0001';
const colonMark = '\u0002';
const marks = /[\u0001\u0002]/;

/** Words as people write names: no key or token is one. */
const wordsRule =
  /^[^A-Za-z\d]*(?:[A-Za-z]{1,24}\d{0,3}|\d{1,3})(?:[^A-Za-z\d]+(?:[A-Za-z]{1,24}\d{0,3}|\d{1,3}))*[^A-Za-z\d]*$/;
/** Of letters whose case changes as chance would have it, each hump is short. */
const humpCharactersMin = 2.5;

/** Whether a text is words, as names of files, of programs and of settings are. */
export function isWords(text: string): boolean {
  if (!wordsRule.test(text)) return false;
  const letters = text.replaceAll(/[^A-Za-z]+/g, ' ').trim();
  const humps = letters.match(/[A-Z]+[a-z]*|[a-z]+/g) ?? [];
  return humps.length < 4 || letters.replaceAll(' ', '').length >= humps.length * humpCharactersMin;
}

/** Whether a text is the name of a file with an ending that sources have, below folders or not. */
export const isFileName = (text: string): boolean =>
  /^[^\s"'`<>?&;\\|=]+$/.test(text) && !addressRule.test(text) && fileEnding.test(text.replace(placeRule, ''));

/** A text without secrets by the rules, but for the names of its files: only what has a secret's own shape is taken out of them. */
export function redactedOutsidePaths(text: string): string {
  const redacted = redactText(text);
  if (redacted === text || marks.test(text)) return redacted;
  const held = text
    .replaceAll(runRule, (each) => (each.includes('/') && isOfNames(each) ? each.replaceAll('/', slashMark) : each))
    .replaceAll(lineRule, colonMark);
  return held === text ? redacted : redactText(held).replaceAll(slashMark, '/').replaceAll(colonMark, ':');
}

function isOfNames(text: string): boolean {
  if (addressRule.test(text)) return false;
  const isFile = fileEnding.test(text.replace(placeRule, ''));
  const segments = text.split('/');
  return segments.every((segment, at) => {
    const pair = `/${segments[at - 1] ?? ''}/${segment}`;
    if (at === 0 || redactText(pair) === pair) return true;
    if (isFile && at === segments.length - 1) return true;
    return isWords(segment) && (isFile || !/\d/.test(segment));
  });
}

/** The path of a file without what has a secret's own shape: each of its words is looked at by itself. */
export function redactedPath(text: string): string {
  return text
    .split(/([/\\\s:=,]+)/)
    .map((word, at) => {
      if (at % 2 === 1) return word;
      const ending = fileEnding.exec(word)?.[0] ?? '';
      return redactText(word.slice(0, word.length - ending.length)) + ending;
    })
    .join('');
}
