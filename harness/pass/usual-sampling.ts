/** How often a run looks where nobody says otherwise, as it is typed. */
export const intervalMsUsual = '1000';
export const sampleMsUsual = '50';
/** From one reading of a runtime to the next; nobody types it. */
export const readingsMs = 250;
