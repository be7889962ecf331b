/** Whether the options that a report shows a person are those of its command: each of them, and no other. Pure. */
import path from 'node:path';
import type { RunReport } from '../../reports/model.ts';
import { intervalMsUsual, sampleMsUsual } from '../pass/usual-sampling.ts';
import { REDACTED_MARK, Redactor } from '../redaction/redactor.ts';
import { plainWord, shellWords } from '../redaction/shell-words.ts';

type Shown = Pick<RunReport, 'command' | 'lane' | 'scenario'>;

/** @returns the name of the first that is not as typed, or not shown; undefined where all are */
export function otherOption({ command, lane, scenario: { options } }: Shown): string | undefined {
  const words = shellWords(command).map(plainWord);
  const wrong = Object.entries(options).find(([name, text]) => !isShown(name, text, { words, lane }));
  if (wrong) return wrong[0];
  const left = [...Object.keys(usual), 'lane'].find((name) => options[name] === undefined);
  if (left !== undefined) return left;
  const missing = words.find((word, at) => isOption(word) && !isKnown(word, options) && !isValue(words, at, options));
  return missing?.slice(2);
}

const isOption = (word: string) => word.startsWith('--');

/** As it is typed. */
const optionOf = (name: string) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Taken where nobody types one. */
const usual: Readonly<Record<string, string>> = { intervalMs: intervalMsUsual, sampleMs: sampleMsUsual };

interface Typed {
  /** Without their quotes. */
  readonly words: readonly string[];
  readonly lane: string;
}

function isShown(name: string, text: string, { words, lane }: Typed): boolean {
  if (name === 'lane') return text === lane;
  const option = optionOf(name);
  const typed = words.flatMap((word, at) => {
    if (word === option) return [words[at + 1] ?? ''];
    return word.startsWith(`${option}=`) ? [word.slice(option.length + 1)] : [];
  });
  if (typed.length > 0) return isText(text, typed);
  if (text === 'false' && words.includes(`--no-${option.slice(2)}`)) return true;
  return usual[name] === text || (ofTraffic.has(name) && isTraffic(text, words));
}

/** What stands behind an option, or nothing that belongs to it. */
function isText(text: string, typed: readonly string[]): boolean {
  const isFlag = text === 'true' && typed.every((word) => word === '' || isOption(word));
  const joined = typed.join(', ');
  // Several values are one text there, whose secrets were taken out of it as a whole: a header takes along those behind it.
  return isFlag || joined === text || (joined.includes(REDACTED_MARK) && rules.text(joined) === text);
}

/** Without an environment: whatever it called secret is out of both. */
const rules = new Redactor({});

/** Which files were sent: named by the scenario, and not by an option. */
const ofTraffic = new Set(['scenarioFile', 'recording', 'merge']);

/** A module is kept beside its report as text. */
function isTraffic(text: string, words: readonly string[]): boolean {
  const isOne = (file: string) => words.some((word) => word === file || (path.isAbsolute(file) && isEndOf(word, file)));
  return path.basename(text) === 'traffic.yaml' || text.split(', ').every(isOne);
}

/** A path counts from where the run was begun, which the report does not say. */
const isEndOf = (word: string, file: string) =>
  word !== '' && file.endsWith(path.sep + path.normalize(word).replace(/^(\.\.\/)+/, ''));

function isKnown(word: string, options: Readonly<Record<string, string>>): boolean {
  const typed = word.split('=')[0]!;
  return Object.keys(options).some((name) => {
    const option = optionOf(name);
    return typed === option || typed === `--no-${option.slice(2)}`;
  });
}

/** Behind an option that takes one. */
function isValue(words: readonly string[], at: number, options: Readonly<Record<string, string>>): boolean {
  const before = words[at - 1] ?? '';
  const name = Object.keys(options).find((each) => optionOf(each) === before);
  return name !== undefined && options[name] !== 'true';
}
