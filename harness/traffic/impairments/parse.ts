/**
 * Impairments as people write them: `loss=1%,reorder=2%/50,delay=10ms/2ms/distribution:normal`. Each is a name and its
 * parameters, in order or by name. Pure.
 */

import { FloodgateError } from '../../../agent/errors.ts';
import { didYouMean } from '../../../agent/nearest-name.ts';
import type { Impairment, ImpairmentRow } from './impairment.ts';
import { stagesMax } from './limits.ts';
import { type Parameter, parseAmount, parseList, type Value } from './parameters.ts';
import { findImpairment, impairmentTable } from './table.ts';

/** @param option as it is named in messages @throws FloodgateError `option-invalid` that says what is wrong and what is wanted */
export function parseImpairments(text: string, option = '--impair'): Impairment[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0 || parts.length > stagesMax) {
    throw new FloodgateError('option-invalid', `${option}: "${text.slice(0, 60)}" names ${parts.length} impairments`, {
      hint: `Write 1 to ${stagesMax} of them, for example loss=1%,reorder=2%/50,duplicate=0.5%.`,
    });
  }
  const impairments = parts.map((part) => parseOne(part, option));
  for (const [at, { kind, values }] of impairments.entries()) {
    const first = impairments.slice(0, at).find((before) => !makesTraffic(before));
    if (!first || !makesTraffic({ kind, values })) continue;
    throw new FloodgateError(
      'option-invalid',
      `${option}: ${kind} sends frames of more hosts, and stands behind ${first.kind}`,
      {
        hint: `Put ${kind} first: what is lost, is lost of all that was sent.`,
      },
    );
  }
  return impairments;
}

/** Whether it sends what no host sent. */
export function makesTraffic({ kind, values }: Impairment): boolean {
  return findImpairment(kind)?.makesTraffic?.(values) === true;
}

function parseOne(part: string, option: string): Impairment {
  const at = part.indexOf('=');
  const name = at < 0 ? part : part.slice(0, at).trim();
  const row = findImpairment(name);
  if (!row) throw unknown(part, name, option);
  const words =
    at < 0
      ? []
      : part
          .slice(at + 1)
          .split('/')
          .map((word) => word.trim());
  const where = (parameter: Parameter) => `${option} ${name}: ${parameter.name}`;
  const values: Record<string, Value> = {};
  const listed = row.parameters[0]!;
  if (listed.unit === 'list' && words.length > 0) {
    return { kind: name, values: { [listed.name]: parseList(words, where(listed)) } };
  }
  let next = 0;
  for (const word of words) {
    const [key, value] = /^[a-z0-9-]+:/i.test(word) ? split(word) : [undefined, word];
    const parameter = key === undefined ? row.parameters[next++] : row.parameters.find((each) => each.name === key);
    if (!parameter) throw unknownParameter(row, word, key, option);
    if (Object.hasOwn(values, parameter.name)) throw bad(`${where(parameter)} is given twice`, row);
    values[parameter.name] = parseValue(value, where(parameter), parameter);
  }
  for (const parameter of row.parameters) {
    if (Object.hasOwn(values, parameter.name)) continue;
    if (parameter.default === undefined) throw bad(`${where(parameter)} is missing`, row);
    values[parameter.name] = parameter.default;
  }
  const clash = row.clash?.(values);
  if (clash !== undefined) throw bad(`${option} ${name}: ${clash}`, row);
  return { kind: name, values };
}

function split(word: string): [string, string] {
  const at = word.indexOf(':');
  return [word.slice(0, at), word.slice(at + 1)];
}

function parseValue(text: string, where: string, parameter: Parameter): Value {
  if (parameter.unit !== 'word') return parseAmount(text, where, parameter);
  if (parameter.words!.includes(text)) return text;
  throw new FloodgateError('option-invalid', `${where}: there is no "${text}"`, {
    hint: `${didYouMean(text, parameter.words!)}It is one of ${parameter.words!.join(', ')}.`,
  });
}

/** What is written for each parameter: `loss=PROBABILITY[/CORRELATION]`. */
export function syntaxOf({ name, parameters }: ImpairmentRow): string {
  const words = parameters.map((parameter) => {
    const word = parameter.name.toUpperCase() + (parameter.unit === 'list' ? '[/…]' : '');
    return parameter.default === undefined ? word : `[/${word}]`;
  });
  return `${name}=${words.join('/').replaceAll('/[/', '[/')}`;
}

function bad(message: string, row: ImpairmentRow): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint: `Write ${syntaxOf(row)}, for example ${row.example}.` });
}

function unknown(part: string, name: string, option: string): FloodgateError {
  const names = impairmentTable.map((row) => row.name);
  const hint = `${didYouMean(name, names)}Write NAME=VALUE with one of ${names.join(', ')}.`;
  return new FloodgateError('option-invalid', `${option}: "${part}" names no impairment`, { hint });
}

function unknownParameter(row: ImpairmentRow, word: string, key: string | undefined, option: string): FloodgateError {
  const names = row.parameters.map((parameter) => parameter.name);
  if (key === undefined) return bad(`${option} ${row.name}: "${word}" is one value too many`, row);
  const hint = `${didYouMean(key, names)}It has ${names.join(', ')}: ${syntaxOf(row)}.`;
  return new FloodgateError('option-invalid', `${option} ${row.name}: there is no parameter "${key}"`, { hint });
}
