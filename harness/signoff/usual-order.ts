/** What a sign-off does where its command says nothing: `floodgate signoff` offers it, and `floodgate verify` asks for it. */
export const candidateUsual = '.';
export const lanesUsual: readonly ('tap' | 'exact')[] = ['exact', 'tap'];
export const comparedLanesUsual: readonly ('tap' | 'exact')[] = ['exact'];
/** As they are typed. */
export const pairsUsual = '40';
export const timeUsual = '4h';
