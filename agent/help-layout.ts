/**
 * Help that fits 80 columns, of every command of both programs: options by commander's own layout with one narrow column of names, and
 * whatever stands behind them (examples, exit codes, sentences) laid out anew where a line is wider. Pure.
 */
import { type Command, Help } from 'commander';

export const helpColumnsMax = 80;
const helpColumnsMin = 40;

/** Of names before what they mean; a longer one has a line of its own. */
const nameColumnsMax = 28;
/** Of a description beneath its name. */
const besideMax = 44;

/** @param columns of the terminal; undefined: it is none */
function widthOf(columns: number | undefined): number {
  return Math.max(helpColumnsMin, Math.min(helpColumnsMax, columns ?? helpColumnsMax));
}

/** For `Command.configureHelp`. */
export const helpLayout: Partial<Help> = {
  padWidth(command: Command, helper: Help): number {
    return Math.min(nameColumnsMax, Help.prototype.padWidth.call(this, command, helper));
  },
  formatItem(name: string, nameWidth: number, description: string, helper: Help): string {
    if (description === '' || name.length <= nameWidth)
      return Help.prototype.formatItem.call(this, name, nameWidth, description, helper);
    const beside = Help.prototype.formatItem.call(this, '', nameWidth, description, helper);
    return `  ${name}\n${beside}`;
  },
};

/** For `Command.configureOutput`. @param writeText where help goes */
export function helpOutput(writeText: (text: string) => void) {
  const width = () => widthOf(process.stdout.isTTY ? process.stdout.columns : undefined);
  return {
    getOutHelpWidth: width,
    getErrHelpWidth: width,
    writeOut: (text: string) => writeText(fitHelp(text, width())),
  };
}

/** The text with no line wider than that, where words allow it. Lines that fit stay as they are. */
export function fitHelp(text: string, width: number = helpColumnsMax): string {
  const lines = text.split('\n');
  const fitted: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const end = endOfBlock(lines, at);
    const block = lines.slice(at, end);
    fitted.push(...(block.some((line) => line.length > width) ? fitBlock(block, width) : block));
    at = end;
  }
  return fitted.join('\n');
}

/** Lines that are one paragraph, one example over several lines, or one entry of a list with what is indented beneath it. */
function endOfBlock(lines: readonly string[], from: number): number {
  const first = lines[from]!;
  const indent = indentOf(first);
  let end = from + 1;
  if (first === '') return end;
  if (indent === 0) {
    while (isText(lines[end]) && indentOf(lines[end]!) === 0 && !lines[end - 1]!.endsWith(':')) end += 1;
    return end;
  }
  while (lines[end - 1]!.endsWith('\\') && isText(lines[end])) end += 1;
  const column = columnOf(first);
  while (column !== undefined && isText(lines[end]) && indentOf(lines[end]!) === column) end += 1;
  return end;
}

const isText = (line: string | undefined): boolean => line !== undefined && line !== '';
const indentOf = (line: string): number => line.length - line.trimStart().length;

/** Where a description begins beside its name. */
function columnOf(line: string): number | undefined {
  const match = /^( +\S.*? {2,})\S/.exec(line);
  return match?.[1]?.length;
}

function fitBlock(block: readonly string[], width: number): string[] {
  const [first] = block;
  const indent = indentOf(first!);
  if (indent === 0) return wrap(block.join(' '), width, 0, 0);
  if (first!.endsWith('\\'))
    return fitCommand(block.map((line) => line.trim().replace(/ *\\$/, '')).join(' '), width, indent);
  const column = columnOf(first!);
  if (column === undefined) return fitCommand(first!.trim(), width, indent);
  const name = first!.slice(0, column).trim();
  const meaning = [first!.slice(column), ...block.slice(1).map((line) => line.trim())].join(' ');
  if (column > besideMax) return fitCommand(`${name}  ${meaning}`, width, indent);
  const [top, ...rest] = wrap(meaning, width, column, column);
  return [`${' '.repeat(indent)}${name}`.padEnd(column) + top!.trimStart(), ...rest];
}

/** What it is for stands behind two spaces, and goes beneath. */
function fitCommand(text: string, width: number, indent: number): string[] {
  const [command, ...meaning] = text.split(/ {2,}/);
  const lines = isCommand(command!) ? breakCommand(command!, width, indent) : wrap(command!, width, indent, indent + 2);
  return meaning.length === 0 ? lines : [...lines, ...wrap(meaning.join(' '), width, indent + 4, indent + 4)];
}

const isCommand = (text: string): boolean =>
  /^(sudo |[A-Z_]+=\S+ )*(floodgate|npx|node|openssl|gh|cosign|ssh|perf|tcpdump|docker)\b/.test(text);

/** A command over several lines, as a shell takes it: options stay with their values. */
function breakCommand(command: string, width: number, indent: number): string[] {
  // A word, or an option with the word behind it; what is quoted is one.
  const parts = command.match(/--?[\w-]+(?: (?!-)(?:'[^']*'|"[^"]*"|[^\s'"])+)?|(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return fill(parts, width - ' \\'.length, indent, indent + 4).map((line, i, { length }) =>
    i < length - 1 ? `${line} \\` : line,
  );
}

/** A line of a command's own, broken between words. @param columns of the terminal; undefined: it is none, and the line stays as it is */
export function fitLine(text: string, columns: number | undefined, hanging = 0): string {
  if (columns === undefined || hanging + text.length <= columns) return text;
  const lines = wrap(text, Math.max(helpColumnsMin, columns) - hanging, 0, 0);
  return lines.join(`\n${' '.repeat(hanging)}`);
}

function wrap(text: string, width: number, indent: number, hanging: number): string[] {
  const words = text.split(/ +/).filter((each) => each !== '');
  return fill(words, width, indent, hanging);
}

/** As many words on a line as there is room for, one at least. */
function fill(words: readonly string[], width: number, indent: number, hanging: number): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(indent);
  for (const word of words) {
    const isEmpty = line.trim() === '';
    if (isEmpty || line.length + 1 + word.length <= width) line += isEmpty ? word : ` ${word}`;
    else {
      lines.push(line);
      line = ' '.repeat(hanging) + word;
    }
  }
  return [...lines, line];
}
