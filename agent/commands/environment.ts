/** Options as environment variables: how they are named, and which of them say something. */
import { type Command, Option } from 'commander';
import { FloodgateError } from '../errors.ts';
import { nearestName } from '../nearest-name.ts';

/** `--stats-interval-ms` is `FLOODGATE_AGENT_STATS_INTERVAL_MS`, of `collect` `FLOODGATE_AGENT_COLLECT_…`. */
export function environmentName(option: Option, command = ''): string {
  const name = `${command === '' ? '' : `${command}-`}${option.long!.slice(2)}`;
  return `FLOODGATE_AGENT_${name.replaceAll('-', '_').toUpperCase()}`;
}

/** Whether it decides, so that no configuration file does: an empty one says nothing. */
export function isInEnvironment(option: Option): boolean {
  return (process.env[environmentName(option)] ?? '') !== '';
}

/**
 * Options, as a `Command` of commander takes them, before they are one's: commander listens to the environment only where an
 * option has its variable before it is added, and compares each that is added with all before.
 */
export class OptionDrafts {
  readonly options: Option[] = [];
  #group: string | null = null;

  /** Help shows those that follow under this heading. */
  optionsGroup(heading: string): this {
    this.#group = heading;
    return this;
  }

  option<Value>(
    flags: string,
    description: string,
    parse?: (value: string, previous: Value) => Value,
    preset?: Value,
  ): this {
    const option = new Option(flags, description);
    if (parse !== undefined) option.default(preset).argParser(parse);
    return this.addOption(option);
  }

  addOption(option: Option): this {
    this.options.push(this.#group === null ? option : option.helpGroup(this.#group));
    return this;
  }
}

/**
 * Adds options that can also be environment variables.
 * @throws FloodgateError `environment-invalid`.
 */
export function addOptionsOf(drafts: OptionDrafts, command: Command, name = ''): void {
  for (const option of drafts.options) {
    const variable = environmentName(option, name);
    command.addOption(isSet(option, variable) ? option.env(variable) : option);
  }
}

/** One of an option without a value may say that it is not given. */
function isSet(option: Option, variable: string): boolean {
  const text = process.env[variable] ?? '';
  if (text === '' || !(option.isBoolean() || option.negate)) return text !== '';
  const isGiven = /^(true|1|yes|on)$/i.test(text);
  if (isGiven || /^(false|0|no|off)$/i.test(text)) return isGiven;
  throw new FloodgateError('environment-invalid', `${variable} is true or false`, {
    hint: `${option.long} takes no value: as a variable it is true (or 1), false (or 0), or not there`,
  });
}

/** As many lines as a person reads. */
const warningsMax = 5;

/**
 * Variables that look like options and are none: mistyped, or of another version. They stop nothing, for whoever sets them may
 * mean them for other agents as well.
 * @returns a line for each. Never prints values: they may be secrets.
 */
export function unknownVariables(environment: NodeJS.ProcessEnv, names: () => Iterable<string>): string[] {
  const ours = Object.keys(environment).filter((name) => /^floodgate_agent_/i.test(name));
  if (ours.length === 0) return [];
  const known = new Set(names());
  const unknown = ours.filter((name) => !known.has(name));
  const lines = unknown.slice(0, warningsMax).map((name) => {
    const near = nearestName(name.toUpperCase(), known);
    const shown = /^\w{1,80}$/.test(name) ? name : 'a variable of a strange name, FLOODGATE_AGENT_…,';
    return `${shown} in the environment is no option and says nothing${near === undefined ? '' : `: is ${near} meant?`}`;
  });
  if (unknown.length > warningsMax) lines.push(`… and so do ${unknown.length - warningsMax} more`);
  return lines;
}
