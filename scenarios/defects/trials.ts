/** What provokes each defect, and who must be named for it. */

export interface DefectTrial {
  readonly defect: string;
  readonly scenario: string;
  /** In the defect's own folder. */
  readonly file: string;
  readonly functionName: string;
  /** The folder of the file, where that is another defect's. */
  readonly folder?: string;
  /** The stage that the agent ends after in the TAP lane: the budgets are for the part of it that the defect is in. */
  readonly until: 'http' | 'bodies' | 'witnesses';
  /** Enough to see it in seconds. */
  readonly exactSize: string;
  /** At the pace of production. */
  readonly tapSize: string;
  readonly tapOptions: readonly string[];
  /** The agent without the defect keeps within it, at these sizes and in both lanes. */
  readonly budget: string;
}

export const defectTrials: readonly DefectTrial[] = [
  {
    defect: 'reassembly-unbounded',
    until: 'http',
    scenario: 'incident',
    file: 'assembler.ts',
    functionName: '#queuePages',
    exactSize: '40MB',
    tapSize: '120MB',
    tapOptions: [],
    budget: 'rss.p99=100MB',
  },
  {
    defect: 'pages-per-interface',
    until: 'http',
    scenario: 'incident',
    file: 'assembler.ts',
    functionName: '#queuePages',
    folder: 'reassembly-unbounded',
    exactSize: '40MB',
    tapSize: '120MB',
    tapOptions: [],
    budget: 'rss.p99=100MB',
  },
  {
    defect: 'expressions-recompiled',
    until: 'witnesses',
    scenario: 'steady',
    file: 'json-sealer.ts',
    functionName: 'recompileAll',
    exactSize: '2MB',
    tapSize: '4MB',
    tapOptions: ['--speed', '8'],
    budget: 'allocated.perMessage=40kB',
  },
  {
    defect: 'context-per-node',
    until: 'witnesses',
    scenario: 'incident',
    file: 'visitor.ts',
    functionName: 'contextOf',
    exactSize: '12MB',
    tapSize: '16MB',
    tapOptions: ['--speed', '0.1'],
    budget: 'allocated.perMessage=400kB',
  },
  {
    defect: 'reflective-hash',
    until: 'witnesses',
    scenario: 'steady',
    file: 'digest.ts',
    functionName: 'hashOf',
    exactSize: '800kB',
    tapSize: '1MB',
    tapOptions: ['--speed', '10'],
    budget: 'allocated.perMessage=100kB',
  },
  {
    defect: 'whole-bodies',
    until: 'bodies',
    scenario: 'compressed-exports',
    file: 'content-decoder.ts',
    functionName: '#grow',
    exactSize: '2MB',
    tapSize: '6MB',
    tapOptions: [],
    budget: 'rss.p99=120MB',
  },
  {
    defect: 'unpaired-requests',
    until: 'http',
    scenario: 'steady',
    file: 'pairing.ts',
    functionName: '#keepRequest',
    exactSize: '20MB',
    tapSize: '60MB',
    tapOptions: ['--speed', '4'],
    budget: 'rss.p99=70MB',
  },
  {
    defect: 'har-held',
    until: 'http',
    scenario: 'incident',
    file: 'har-file.ts',
    functionName: '#keepBody',
    exactSize: '25MB',
    tapSize: '100MB',
    tapOptions: ['--speed', '0.5'],
    budget: 'rss.p99=120MB',
  },
  {
    defect: 'fragments-kept',
    until: 'http',
    scenario: 'lost-fragments',
    file: 'fragments.ts',
    functionName: '#keepPiece',
    exactSize: '50MB',
    tapSize: '150MB',
    tapOptions: [],
    budget: 'rss.p99=100MB',
  },
];

/** Arguments of `floodgate` for a trial. */
export function trialArguments(trial: DefectTrial, lane: 'tap' | 'exact', out: string, withDefect = true): string[] {
  const { defect, scenario, exactSize, tapSize, tapOptions, until, budget } = trial;
  const amount = lane === 'exact' ? ['--size', exactSize] : ['--size', tapSize, '--agent-until', until, ...tapOptions];
  const which = withDefect ? ['--defect', defect] : [];
  return ['run', scenario, ...amount, '--lane', lane, ...which, '--budget', budget, '--out', out];
}
