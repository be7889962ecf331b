/** The password of a history in PostgreSQL where its address has none: as `PGPASSWORD` said, and from then on kept from whatever is started. */
const variable = 'PGPASSWORD';

let held: string | undefined;

/** Takes it out of the environment. @returns whether there was one */
export function holdPassword(): boolean {
  const given = process.env[variable];
  delete process.env[variable];
  held = given ?? held;
  return given !== undefined;
}

export function heldPassword(): string | undefined {
  return held;
}
