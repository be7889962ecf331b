/**
 * Values that are missing: empty, as a variable of a shell that is not set leaves them, or the name of the option behind. They mean nothing,
 * and must not be taken for anything.
 */
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';

/** @throws FloodgateError `option-invalid` that names the option, or the argument */
export function refuseEmptyValues(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== 'cli') continue;
    const value: unknown = command.getOptionValue(name);
    if ([value].flat().some(isEmpty)) throw empty(option.long ?? option.flags);
    const next = [value].flat().find((each) => command.options.some(({ long }) => long !== undefined && long === each));
    if (next !== undefined) throw missing(option.long ?? option.flags, String(next));
  }
  // Words beyond them are the command's own affair.
  for (const [at, argument] of command.registeredArguments.entries()) {
    const values = argument.variadic ? command.args.slice(at) : command.args.slice(at, at + 1);
    if (values.some(isEmpty)) throw empty(argument.name());
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}

function missing(name: string, next: string): FloodgateError {
  return new FloodgateError('option-invalid', `${name} has no value: ${next} follows it`, {
    hint: 'Give it a value, or leave it out.',
  });
}

function empty(name: string): FloodgateError {
  return new FloodgateError('option-invalid', `${name} is empty`, {
    hint: 'Give it a value, or leave it out. A variable of the shell that is not set leaves nothing: "$NAME".',
  });
}
