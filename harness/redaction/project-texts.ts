/** What the configuration that this process has read says in its own words: its commands may hold secrets, its names are none. */

export interface ProjectTexts {
  /** Commands, addresses, headers: every text that is no name and no description. */
  readonly commands: readonly string[];
  /** Of scenarios, targets, sets and environments. */
  readonly names: readonly string[];
}

const none: ProjectTexts = { commands: [], names: [] };
let known = none;

/** Members that describe, and hold no command. */
const described = new Set(['summary', 'about', 'group', '$schema']);
/** Members that hold names, of what is named elsewhere too. */
const naming = new Set(['name', 'target', 'sets', 'project']);
/** Members whose own members are called as the project likes. */
const called = new Set(['targets', 'environments']);
/** A configuration of a thousand scenarios has fewer. */
const textsMax = 20_000;

/** Takes the place of what was known before. @param values a configuration and its scenarios, as JSON has them @param name of the project */
export function knowProject(values: readonly unknown[], name: string): void {
  const commands = new Set<string>();
  const names = new Set([name]);
  const walk = (value: unknown, member: string): void => {
    if (typeof value === 'string') {
      const texts = naming.has(member) ? names : commands;
      if (!described.has(member) && texts.size < textsMax) texts.add(value);
    } else if (Array.isArray(value)) {
      for (const each of value) walk(each, member);
    } else if (value !== null && typeof value === 'object') {
      if (called.has(member)) for (const key of Object.keys(value)) names.add(key);
      for (const [key, each] of Object.entries(value)) walk(each, key);
    }
  };
  for (const value of values) walk(value, '');
  known = { commands: [...commands], names: [...names] };
}

/** Empty where no configuration was read. */
export const projectTexts = (): ProjectTexts => known;
