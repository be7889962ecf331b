/**
 * What secrets look like by themselves: gitleaks' rules (`secret-rules.generated.ts`), looked up by what they begin with, and
 * beginnings of tokens that those rules lack or want longer than issuers make them. A table, no code for any issuer.
 */
import { RuleAutomaton } from './secret-automaton.ts';
import { SHAPED_RULES } from './secret-rules.generated.ts';

export interface SecretPattern {
  /** Lower case; in a text it may stand in any. */
  readonly anchor: string;
  /** How far before it the match begins. */
  readonly before: number;
  /** Null: `restMin` characters of a token must follow. */
  readonly automaton: RuleAutomaton | null;
  /** The beginning as it is written, where case matters. */
  readonly exact: string;
  readonly restMin: number;
}

/** Sources: the issuers' documentation; many are listed by GitHub's secret scanning. */
const OWN: readonly (readonly [prefix: string, restMin: number])[] = [
  // Amazon Web Services: identifiers of users, roles and others; session tokens; MWS
  ...['AGPA', 'AIDA', 'AROA', 'AIPA', 'ANPA'].map((p) => [p, 16] as const),
  ['FwoGZXIvYXdz', 20],
  ['IQoJb3JpZ2lu', 20],
  ['amzn.mws.', 30],
  // Code hosts and registries
  ['glptt-', 18],
  ['glagent-', 18],
  ['gloas-', 18],
  ['glcbt-', 18],
  ['github_pat_', 20],
  ['ATATT3', 20],
  ['ATBB', 24],
  ['pypi-', 40],
  ['rubygems_', 30],
  ['dckr_pat_', 20],
  ['dckr_oat_', 20],
  ['oy2', 43],
  // Chat
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.', 'xapp-', 'xoxc-', 'xoxd-'].map(
    (p) => [p, 10] as const,
  ),
  // Payment
  ['whsec_', 16],
  ['sq0atp-', 20],
  ['sq0csp-', 20],
  ['EAAA', 56],
  ['access_token$production$', 16],
  // Google
  ['AIza', 30],
  ['ya29.', 20],
  ['GOCSPX-', 20],
  ['1//0', 30],
  // Mail and telephony
  ['SG.', 40],
  ['key-', 32],
  ['xkeysib-', 40],
  ['xsmtpsib-', 40],
  ['re_', 24],
  // Machine learning
  ['sk-ant-', 20],
  ['sk-proj-', 20],
  ['sk-', 32],
  ['hf_', 30],
  ['gsk_', 30],
  ['r8_', 30],
  ['xai-', 40],
  ['pplx-', 30],
  // Infrastructure
  ...['dop_v1_', 'doo_v1_', 'dor_v1_'].map((p) => [p, 40] as const),
  ...['hvs.', 'hvb.', 'hvr.'].map((p) => [p, 20] as const),
  ['pscale_tkn_', 20],
  ['pscale_pw_', 20],
  ['sbp_', 30],
  ['tskey-', 16],
  ['LTAI', 16],
  ['NRAK-', 20],
  ['sntrys_', 30],
  ['glsa_', 30],
  ['glc_', 30],
  ['dp.pt.', 30],
  ['PMAK-', 30],
  ['lin_api_', 30],
  ['figd_', 30],
  ['secret_', 40],
  ['ntn_', 40],
  ['CFPAT-', 30],
  ['AGE-SECRET-KEY-', 40],
  ['EAACEdEose0cBA', 10],
  // What gitleaks wants the issuer's name for, although the beginning suffices
  ['tfp_', 40],
  ['aio_', 28],
  ['NRII-', 32],
  ['NRJS-', 19],
  ['dnkey-', 26],
  ['AQVN', 35],
  ...['sqp_', 'sqa_', 'squ_'].map((p) => [p, 40] as const),
  ['rnd_', 24],
  ['vercel_', 20],
  ['sl.', 60],
  ['cio', 40],
  // Tokens of JOSE: header, then payload
  ['eyJ', 24],
];

const ALL: readonly SecretPattern[] = [
  ...SHAPED_RULES.flatMap(([, anchors, before, expression]) => {
    const automaton = new RuleAutomaton(expression);
    return anchors.map((anchor) => ({ anchor, before, automaton, exact: '', restMin: 0 }));
  }),
  ...OWN.map(([exact, restMin]) => ({ anchor: exact.toLowerCase(), before: 0, automaton: null, exact, restMin })),
];

/** By the codes of the beginning's first two characters, in lower case. */
const byBeginning: ReadonlyMap<number, readonly SecretPattern[]> = Map.groupBy(ALL, ({ anchor }) => {
  if (anchor.length < 2) throw new Error(`a beginning of two characters at least is looked for: ${anchor}`);
  return (anchor.charCodeAt(0) << 7) | anchor.charCodeAt(1);
});

/** By the code of the beginning's first character, in lower case. */
export const ANCHORS: ReadonlyMap<number, readonly string[]> = new Map(
  Array.from(
    Map.groupBy(ALL, ({ anchor }) => anchor.charCodeAt(0)),
    ([first, patterns]) => [first, patterns.map(({ anchor }) => anchor)],
  ),
);

/**
 * By the same code, which characters come second in the beginnings: a bit each, by their low five bits; letters, in any case, in a
 * word of their own behind that of digits and marks.
 */
export const SECONDS = new Int32Array(256);
for (const beginning of byBeginning.keys()) {
  const second = beginning & 127;
  SECONDS[(beginning >> 7) * 2 + (second >> 6)]! |= 1 << (second & 31);
}

const none: readonly SecretPattern[] = [];

/** The patterns that begin as a text does at a place: most words do not even begin with the same two characters. */
export function patternsAt(text: string, at: number): readonly SecretPattern[] {
  const first = lower(text.charCodeAt(at));
  const second = lower(text.charCodeAt(at + 1));
  if (first > 127 || ((SECONDS[first * 2 + ((second >> 6) & 1)]! >>> (second & 31)) & 1) === 0) return none;
  return byBeginning.get((first << 7) | second) ?? none;
}

/** Of an ASCII letter. */
export const lower = (code: number): number => (code >= 0x41 && code <= 0x5a ? code | 0x20 : code);

/** Shorter beginnings are words' too: a secret behind one has a digit. */
export const UNMISTAKABLE_CHARACTERS_MIN = 4;
/** Beginnings that end in a dot or reach over one: looked for at short words as well. */
export const SHORT_WORD_MAX = 14;
