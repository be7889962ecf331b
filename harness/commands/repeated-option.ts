/** The values of an option that may be given more than once, in their order: for commander. */
export function repeated(value: string, all: readonly string[] = []): readonly string[] {
  return [...all, value];
}
