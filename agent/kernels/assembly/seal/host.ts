/** What the kernel asks of JavaScript (`agent/encode/json-sealer.ts`); texts lie in the memory. */

/** A name that its slot does not hold. */
export declare function learnName(slot: i32, start: i32, end: i32): void;
export declare function isSecretName(start: i32, end: i32): bool;
/** Whether a value is a secret behind its name. */
export declare function isSecretPair(nameStart: i32, nameEnd: i32, start: i32, end: i32): bool;
/** The index of a text's format. */
export declare function formatByRules(start: i32, end: i32, classes: i32): i32;
/** A text with its secrets redacted, to the bytes from `to` on: its length, 0 when nothing changed, -1 without room. */
export declare function redactText(start: i32, end: i32, to: i32): i32;
export declare function isCard(start: i32, end: i32): bool;
/** A number with an exponent, or with many digits. */
export declare function parseDouble(start: i32, end: i32): f64;
/** A number as a finished value (`Constant`), to the bytes from `to` on. @returns whether it is a secret */
export declare function sealNumber(start: i32, end: i32, to: i32): bool;

/** A field's name that its place does not hold: its flags and meta go there. @returns the length of what its texts become, where all are secrets */
export declare function learnPlace(place: i32, start: i32, end: i32, status: i32): i32;
/** A field's text as a value, to ASKED_AT and ASKED_VALUE_AT. @returns its length */
export declare function sealValue(place: i32, start: i32, end: i32): i32;
