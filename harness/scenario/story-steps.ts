/** The article's incident (docs/story.md) as steps: all of its mistakes in our agent, then one mended after another. */

export interface StoryStep {
  /** What was mended last, for a person. */
  readonly title: string;
  /** The defects that are still in their places. */
  readonly defects: readonly string[];
}

interface Mistake {
  readonly defect: string;
  /** What its mend is, for a person. */
  readonly mend: string;
  /** The mistake that shows once this one is mended: until then it stands in the same place. */
  readonly hides?: string;
}

/** In the article's order. Where no page is counted, no limit can be per interface: the sixth shows once the first is mended. */
const mistakes: readonly Mistake[] = [
  { defect: 'reassembly-unbounded', mend: 'reassembly has page limits', hides: 'pages-per-interface' },
  { defect: 'expressions-recompiled', mend: 'expressions are compiled once' },
  { defect: 'context-per-node', mend: 'the visitor reuses its context' },
  { defect: 'reflective-hash', mend: 'the hash is generated' },
  { defect: 'whole-bodies', mend: 'bodies flow' },
  { defect: 'pages-per-interface', mend: 'interfaces share one budget: our agent' },
];

export function storySteps(): StoryStep[] {
  const hidden = new Set(mistakes.flatMap(({ hides }) => hides ?? []));
  let left = mistakes.map(({ defect }) => defect).filter((defect) => !hidden.has(defect));
  const steps: StoryStep[] = [{ title: 'all six mistakes', defects: left }];
  for (const { defect, mend, hides } of mistakes) {
    left = left.flatMap((each) => (each === defect ? (hides ?? []) : each));
    steps.push({ title: mend, defects: left });
  }
  return steps;
}
