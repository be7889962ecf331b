/** Where a file that drove a sign-off came from, as the bundle says it. */

export const ofCandidate = 'candidate';
/** Of a package that the load is, or uses: its lock file says which. */
export const ofPackages = 'installed';
/** In the working folder, and in no commit as it is. */
export const ofFolder = 'working folder';
export const ofElsewhere = 'elsewhere';
/** Its digits follow. */
export const ofCommit = 'commit ';
