/** `--config FILE`: options as YAML, under the names of the command line. Loaded only where it is asked for. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import * as v from 'valibot';
import { parseDocument } from 'yaml';
import { FloodgateError } from '../errors.ts';
import { isInEnvironment } from './environment.ts';

/** A page of options is a few KB; more is some other file. */
const configBytesMax = 256 << 10;

const scalar = v.union([v.string(), v.number(), v.boolean()]);
const configSchema = v.record(v.string(), v.union([scalar, v.array(v.union([v.string(), v.number()]))]));

/** Sets what the file says where neither command line nor environment said anything. @throws FloodgateError `config-*`. */
export function applyConfigFile(command: Command, file: string): void {
  for (const [name, value] of Object.entries(readConfig(file))) {
    const option = command.options.find(({ long }) => long === `--${name}` || long === `--no-${name}`);
    if (option === undefined || name === 'config') throw badConfig(file, `there is no option ${name}`);
    const attribute = option.attributeName();
    const source = command.getOptionValueSource(attribute);
    const isSaid = source !== undefined && source !== 'default' && source !== 'config';
    if (isSaid || isInEnvironment(option)) continue;
    const converted = convert(option, value, file);
    // `no-promiscuous: true` as the help spells it, `promiscuous: false` as YAML would say it.
    const isDenied = option.negate && name.startsWith('no-');
    command.setOptionValueWithSource(attribute, isDenied ? !converted : converted, 'config');
  }
}

function convert(option: Command['options'][number], value: v.InferOutput<typeof configSchema>[string], file: string) {
  const name = option.long!.replace(/^--(no-)?/, '');
  if (option.isBoolean() || option.negate) {
    if (typeof value !== 'boolean') throw badConfig(file, `${name} is true or false`);
    return value;
  }
  const values = Array.isArray(value) ? value : [value];
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
    throw badConfig(file, `${name}: ${cause.message}`);
  }
}

function readConfig(file: string): v.InferOutput<typeof configSchema> {
  const document = parseDocument(readText(file), { prettyErrors: true });
  const fault = document.errors[0];
  if (fault !== undefined) throw badConfig(file, `no YAML (${fault.code}, line ${fault.linePos?.[0].line ?? 1})`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    throw badConfig(file, `no YAML (${(cause as Error).name})`);
  }
  if (Array.isArray(value)) throw badConfig(file, 'names and values are expected');
  const parsed = v.safeParse(configSchema, value);
  if (parsed.success) return parsed.output;
  // Not what was found there: it may be any file, with anything in it.
  const name = v.getDotPath(parsed.issues[0]);
  throw badConfig(
    file,
    name === null ? 'names and values are expected' : `${name}: a value, or a list of them, is expected`,
  );
}

function readText(file: string): string {
  try {
    const fd = openSync(file, 'r');
    try {
      if (!fstatSync(fd).isFile()) throw new Error('not a file');
      const buffer = Buffer.alloc(configBytesMax + 1);
      const length = readSync(fd, buffer);
      if (length > configBytesMax) throw new Error('larger than 256 KiB');
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

function badConfig(file: string, message: string): FloodgateError {
  return new FloodgateError('config-invalid', `${file}: ${message}`, {
    hint: 'names are those of floodgate-agent --help, without the leading --, e.g. "memory: 100MB"; a lone - is quoted: messages: "-"',
  });
}
