/** Begins a text of a configuration that a person has to write: "floodgate init" could not know it, and nothing is run with it. */
export const toFillIn = 'FILL IN';
