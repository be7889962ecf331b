/** `--config FILE`: options as YAML, under the names of the command line. Loaded only where it is asked for. */
import { closeSync, readSync } from 'node:fs';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { FloodgateError } from '../errors.ts';
import { nearestName } from '../nearest-name.ts';
import { isInEnvironment } from './environment.ts';
import { openRegularFile } from './regular-file.ts';

/** A page of options is a few KB; more is some other file, and hostile YAML takes time by the square of its length. */
const configBytesMax = 64 << 10;

type Scalar = string | number | boolean;

interface Entry {
  readonly name: string;
  readonly value: Scalar | readonly Scalar[];
  readonly line: number;
}

/** Sets what the file says where neither command line nor environment said anything. @throws FloodgateError `config-*`. */
export function applyConfigFile(command: Command, file: string): void {
  for (const { name, value, line } of readConfig(file)) {
    const option = optionOf(command, name, file, line);
    const attribute = option.attributeName();
    const source = command.getOptionValueSource(attribute);
    const isSaid = source !== undefined && source !== 'default' && source !== 'config';
    if (isSaid || isInEnvironment(option)) continue;
    const converted = convert(option, value, (message) => badConfig(file, message, line));
    // `no-promiscuous: true` as the help spells it, `promiscuous: false` as YAML would say it.
    const isDenied = option.negate && name.startsWith('no-');
    command.setOptionValueWithSource(attribute, isDenied ? !converted : converted, 'config');
  }
}

/** Options of the command line that are none of a file. */
const notInFiles = new Set(['--config', '--version']);

function optionOf(command: Command, name: string, file: string, line: number): Option {
  const options = command.options.filter(({ long }) => !notInFiles.has(long!));
  const option = options.find(({ long }) => long === `--${name}` || long === `--no-${name}`);
  if (option !== undefined) return option;
  const names = options.map(({ long }) => long!.slice(2));
  const near = nearestName(name.replace(/^--?/, ''), names);
  // It may be any file: what is no name is not repeated.
  const what = /^[\w.-]{1,60}$/.test(name) ? `there is no option ${name}` : 'a name is expected';
  throw badConfig(file, near === undefined ? what : `${what}: is ${near} meant?`, line);
}

function convert(option: Option, value: Entry['value'], bad: (message: string) => FloodgateError): unknown {
  const name = option.long!.replace(/^--(no-)?/, '');
  if (option.isBoolean() || option.negate) {
    if (typeof value !== 'boolean') throw bad(`${name} is true or false`);
    return value;
  }
  const values: readonly Scalar[] = Array.isArray(value) ? value : [value];
  try {
    let result: unknown;
    for (const [index, each] of values.entries()) {
      if (typeof each === 'boolean') throw new InvalidArgumentError('true and false say nothing here.');
      const text = String(each);
      if (option.argChoices && !option.argChoices.includes(text)) {
        throw new InvalidArgumentError(`one of ${option.argChoices.join(', ')} is expected.`);
      }
      if (index > 0 && !Array.isArray(result)) throw new InvalidArgumentError('one value is expected.');
      result = option.parseArg ? option.parseArg(text, result as never) : text;
    }
    return result;
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw bad(`${name}: ${cause.message}`);
  }
}

/**
 * The nodes are read one by one: the library's own way to values writes every key that is a list or a map as text, again
 * and again, and expands aliases.
 */
function readConfig(file: string): Entry[] {
  const lines = new LineCounter();
  const document = parseDocument(readText(file), { prettyErrors: false, stringKeys: true, lineCounter: lines });
  const lineOf = (offset = 0) => lines.linePos(offset).line || 1;
  const fault = document.errors[0];
  if (fault !== undefined) throw badConfig(file, `no YAML (${fault.code})`, lineOf(fault.pos[0]));
  const { contents } = document;
  if (contents === null) return [];
  // Not what was found there: it may be any file, with anything in it.
  if (!isMap(contents)) throw badConfig(file, 'names and values are expected', lineOf(contents.range[0]));
  const anchors = new Map<string, unknown>();
  const scalarOf = (node: unknown): unknown => {
    if (isAlias(node)) return anchors.get(node.source);
    if (!isScalar(node)) return undefined;
    if (node.anchor !== undefined) anchors.set(node.anchor, node.value);
    return node.value;
  };
  return contents.items.map(({ key, value }): Entry => {
    const name = isScalar(key) ? String(key.value) : '';
    const line = lineOf(key.range[0]);
    const found = isSeq(value) ? value.items.map(scalarOf) : scalarOf(value);
    if (isValue(found)) return { name, value: found, line };
    const what = /^[\w.-]{1,60}$/.test(name) ? `${name}: ` : '';
    throw badConfig(file, `${what}a value, or a list of them, is expected`, line);
  });
}

function isValue(found: unknown): found is Entry['value'] {
  if (Array.isArray(found)) return found.every((each) => typeof each !== 'object' && isValue(each));
  return typeof found === 'string' || typeof found === 'boolean' || (typeof found === 'number' && !Number.isNaN(found));
}

function readText(file: string): string {
  try {
    const fd = openRegularFile(file);
    try {
      const buffer = Buffer.alloc(configBytesMax + 1);
      const length = readSync(fd, buffer);
      if (length > configBytesMax) throw new Error('larger than 64 KiB');
      return buffer.toString('utf8', 0, length);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw new FloodgateError('config-unreadable', `cannot read ${file}: ${(cause as Error).message}`, {
      hint: 'name a YAML file with --config',
      cause,
    });
  }
}

function badConfig(file: string, message: string, line: number): FloodgateError {
  return new FloodgateError('config-invalid', `${file}, line ${line}: ${message}`, {
    hint: 'names are those of floodgate-agent --help, without the leading --, e.g. "memory: 100MB"; a lone - is quoted: messages: "-"',
  });
}
