/** Numbers of things, as a sentence has them. */
import { formatCount } from './format.ts';

/** `1 limit`, `2 limits`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `1 scenario`, `All 2 scenarios`: the first words of a sentence. */
export function allOf(count: number, one: string): string {
  return `${count === 1 ? '' : 'All '}${counted(count, one)}`;
}
