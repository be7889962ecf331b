/** What secrets look like by themselves: issuers' prefixes, and how far such a secret reaches. A table, no code. */

export interface SecretPrefix {
  readonly prefix: string;
  /** Characters that must follow the prefix at least. */
  readonly restMin: number;
}

/** Sources: the issuers' documentation; many are listed by GitHub's secret scanning. */
const TABLE: readonly (readonly [prefix: string, restMin: number])[] = [
  // Amazon Web Services: access keys of users, roles and others; session tokens; MWS
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA', 'AGPA', 'AIDA', 'AROA', 'AIPA', 'ANPA'].map((p) => [p, 16] as const),
  ['FwoGZXIvYXdz', 20],
  ['IQoJb3JpZ2lu', 20],
  ['amzn.mws.', 30],
  // Code hosts and registries
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((p) => [p, 30] as const),
  ['github_pat_', 20],
  ...['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glft-', 'glsoat-', 'glagent-', 'gloas-', 'glcbt-'].map(
    (p) => [p, 18] as const,
  ),
  ['ATATT3', 20],
  ['ATBB', 24],
  ['npm_', 30],
  ['pypi-', 40],
  ['rubygems_', 30],
  ['dckr_pat_', 20],
  ['oy2', 43],
  ['cio', 40],
  // Chat
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.', 'xapp-'].map((p) => [p, 10] as const),
  // Payment
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'].map((p) => [p, 16] as const),
  ['sq0atp-', 20],
  ['sq0csp-', 20],
  ['EAAA', 56],
  ['access_token$production$', 16],
  ['shpat_', 28],
  ['shpca_', 28],
  ['shppa_', 28],
  ['shpss_', 28],
  // Google
  ['AIza', 30],
  ['ya29.', 20],
  ['GOCSPX-', 20],
  ['1//0', 30],
  // Mail and telephony
  ['SG.', 40],
  ['key-', 32],
  ['SK', 32],
  ['xkeysib-', 40],
  ['re_', 24],
  // Machine learning
  ['sk-ant-', 20],
  ['sk-proj-', 20],
  ['sk-', 32],
  ['hf_', 30],
  ['gsk_', 30],
  ['r8_', 30],
  ['xai-', 40],
  // Infrastructure
  ...['dop_v1_', 'doo_v1_', 'dor_v1_'].map((p) => [p, 40] as const),
  ...['hvs.', 'hvb.', 'hvr.'].map((p) => [p, 20] as const),
  ['dapi', 32],
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
  ['rnd_', 24],
  ['fo1_', 40],
  ['vercel_', 20],
  ['sl.', 60],
  // Tokens of JOSE: header, then payload
  ['eyJ', 24],
];

/** By the first character's code. */
export const SECRET_PREFIXES: readonly (readonly SecretPrefix[] | undefined)[] = index();

function index(): (SecretPrefix[] | undefined)[] {
  const byFirst = new Array<SecretPrefix[] | undefined>(128).fill(undefined);
  for (const [prefix, restMin] of TABLE) {
    const code = prefix.charCodeAt(0);
    byFirst[code] ??= [];
    byFirst[code].push({ prefix, restMin });
  }
  return byFirst;
}

/** Prefixes that end in a dot or reach over one: looked for at short words as well. */
export const SHORT_WORD_MAX = 14;
