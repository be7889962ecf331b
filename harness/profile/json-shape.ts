/** What the JSON importers share: a value is what it should be, or a ProfileError says which one is not. */
import { ProfileError } from './profile.ts';

/** Larger files are no profile that a person made on purpose (V8's own string limit is 512 MB). */
const JSON_CHARS_MAX = 256 * 1024 * 1024;

/** @throws ProfileError */
export function parseJson(json: string, what: string): unknown {
  if (json.length > JSON_CHARS_MAX) throw new ProfileError(`the ${what} is over ${JSON_CHARS_MAX} characters`);
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new ProfileError(`the ${what} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws ProfileError */
export function expectObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ProfileError(`${what} is not an object`);
}

/** @throws ProfileError */
export function expectArray(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new ProfileError(`${what} is not a list`);
}

/** @throws ProfileError */
export function expectNumber(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new ProfileError(`${what} is not a number`);
}

/** @throws ProfileError */
export function expectText(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new ProfileError(`${what} is not a text`);
}
