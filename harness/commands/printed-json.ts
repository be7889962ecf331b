/** JSON for a program that a person may read in a terminal. */

/** JSON that is printed: what `JSON.stringify` leaves of what steers a terminal is escaped as well; it means the same. */
export function escapeControls(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
