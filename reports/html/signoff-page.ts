/** The page of a sign-off, for a person who decides on a release: the verdict, what was judged, what is open, then each scenario. */
import { judgedMetrics } from '../comparison.ts';
import { metricSentence } from '../comparison-sentence.ts';
import { counted } from '../counted.ts';
import { formatBytes, formatCount, printable, verdictMark, verdictWord } from '../format.ts';
import type { Verdict } from '../model.ts';
import {
  type SignedInput,
  type SignedRun,
  type SignedScenario,
  type SignedWorkingFolder,
  type SignoffReport,
  type TestOutcome,
  testsOf,
} from '../signoff.ts';
import { metricTable } from './comparison-page.ts';
import { commandLine, element, section, sortableTable } from './dom.ts';
import { budgetTable } from './run-page.ts';
import { themeButton } from './theme.ts';
import { verdictClass } from './verdict-class.ts';

/** Shows the sign-off in the page's data element. */
export function startSignoff(): void {
  const report = JSON.parse(document.getElementById('report')?.textContent ?? '') as SignoffReport;
  const brand = element('span', { class: 'brand', text: 'floodgate sign-off' });
  const top = element('div', { class: 'top' }, [brand, themeButton()]);
  const main = element('main', {}, [
    banner(report),
    subjectCard(report),
    openCard(report),
    overviewCard(report),
    ...report.scenarios.map((scenario) => scenarioCard(scenario, report)),
    proofCard(report),
  ]);
  document.body.replaceChildren(top, main);
  document.documentElement.dataset.ready = 'true';
}

function banner(report: SignoffReport): HTMLElement {
  const word = report.verdict.ok ? 'SIGNED OFF' : verdictWord(report.verdict);
  return element('header', { class: `verdict card ${verdictClass(report.verdict)}` }, [
    element('div', { class: 'word', text: word }),
    element('div', {}, [
      element('h1', { text: printable(report.verdict.headline) }),
      element('p', { text: countsOf(report) }),
      element('p', {
        class: 'dim',
        text: `Judged ${dateOf(report.signedAt)} by floodgate ${printable(report.tool.version, 40)}.`,
      }),
      ...report.notes.map((note) =>
        element('p', { class: note.severity === 'warning' ? 'warning' : 'dim', text: printable(note.text) }),
      ),
    ]),
  ]);
}

const outcomeWords: Readonly<Record<TestOutcome, readonly [one: string, many: string]>> = {
  passed: ['holds', 'hold'],
  warned: ['is broken and waived', 'are broken and waived'],
  failed: ['is broken', 'are broken'],
  undecided: ['is not measured or undecided', 'are not measured or undecided'],
};

function countsOf(report: SignoffReport): string {
  const tests = testsOf(report);
  const counts = Object.entries(outcomeWords).flatMap(([outcome, [one, many]]) => {
    const count = tests.filter((test) => test.outcome === outcome).length;
    return count === 0 ? [] : [`${formatCount(count)} ${count === 1 ? one : many}`];
  });
  return counts.length === 0 ? 'No limit was judged.' : `${counted(tests.length, 'limit')}: ${counts.join(', ')}.`;
}

/** UTC, whoever reads it where. */
const dateOf = (iso: string) => `${printable(iso, 40).slice(0, 16).replace('T', ' ')} UTC`;

function subjectCard({ candidate, previous, scope, machine, inputs, working }: SignoffReport): HTMLElement | null {
  const rows: [string, string][] = [
    ['Candidate', `${versionText(candidate)}, ${formatCount(candidate.files)} source files`],
    ...(candidate.package
      ? [
          ['Package', `${printable(candidate.package.name, 200)}, SHA-256 ${candidate.package.sha256}`] as [
            string,
            string,
          ],
        ]
      : []),
    ...(candidate.build?.length ? [['Built by', printable(candidate.build.join('; '), 300)] as [string, string]] : []),
    ['Compared with', previous ? versionText(previous) : 'no release before it'],
    ['Scenarios', scope.set === null ? 'all, or named one by one' : `the set ${printable(scope.set, 80)}`],
    ...(scope.leftOut.length > 0
      ? [
          [
            `Left out (${formatCount(scope.leftOut.length)})`,
            scope.leftOut.map((name) => printable(name, 80)).join(', '),
          ] as [string, string],
        ]
      : []),
    ['Lanes', scope.lanes.join(', ') || 'none'],
    ...inputRows(inputs),
    ...(working === undefined ? [] : [['Driven from', folderText(working)] as [string, string]]),
    [
      'Machine',
      `${printable(machine.cpu, 100)}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}, ${printable(machine.platform, 20)} ${printable(machine.kernel, 60)}, Node.js ${printable(machine.node, 20)}`,
    ],
  ];
  const list = element(
    'dl',
    { class: 'facts' },
    rows.flatMap(([name, text]) => [element('dt', { text: name }), element('dd', { text })]),
  );
  return section('What was judged', [list]);
}

/** By what they do. */
const inputTitles = [
  ['recording', 'Recordings'],
  ['load', 'Loads'],
  ['build', 'Built with'],
  ['definition', 'Written in'],
] as const;
const inputsShown = 20;

/** Files of the working folder that drove it. */
function inputRows(inputs: readonly SignedInput[]): [string, string][] {
  return inputTitles.flatMap(([role, title]) => {
    const all = inputs.filter((each) => (each.role ?? 'recording') === role);
    const shown = all.slice(0, inputsShown).map(inputText);
    const more = all.length > inputsShown ? [`${formatCount(all.length - inputsShown)} more`] : [];
    return all.length === 0 ? [] : [[title, [...shown, ...more].join(', ')] as [string, string]];
  });
}

function inputText({ name, bytes, sha256, from }: SignedInput): string {
  const origin = from === undefined ? '' : `, ${from === 'candidate' ? 'the candidate’s own' : printable(from, 20)}`;
  return `${printable(name, 200)} (${formatBytes(bytes)}${from === undefined ? '' : `, SHA-256 ${sha256.slice(0, 12)}…`}${origin})`;
}

/** What is wrong with it stands in the notes. */
function folderText({ commit, folder, files, changedCount, unlisted }: SignedWorkingFolder): string {
  const place = commit === null ? 'a folder of no commit' : `commit ${printable(commit.slice(0, 12))}`;
  const below = folder === '' ? '' : `, in ${printable(folder, 200)}`;
  const count = unlisted === undefined ? counted(files, 'file') : 'files not listed';
  return `${place}${below}, ${count}${changedCount > 0 ? `, ${formatCount(changedCount)} of them in no commit` : ''}`;
}

function versionText({ label, commit, dirty }: NonNullable<SignoffReport['previous']>): string {
  const name = label === '.' ? 'the working folder' : printable(label, 200);
  return commit === null ? name : `${name} (${printable(commit.slice(0, 12))}${dirty ? ', with changes' : ''})`;
}

/** What a person has to look at before signing: waivers, and what is not known. */
function openCard(report: SignoffReport): HTMLElement | null {
  const tests = testsOf(report);
  const listOf = (title: string, outcome: TestOutcome, mark: string) => {
    const names = tests.filter((test) => test.outcome === outcome).map(({ name }) => name);
    return names.length === 0
      ? null
      : element('div', { class: mark }, [
          element('h3', { text: `${title} (${names.length})` }),
          element(
            'ul',
            {},
            names.map((name) => element('li', {}, [element('code', { text: printable(name, 200) })])),
          ),
        ]);
  };
  const waivers =
    report.waivers.length === 0
      ? null
      : sortableTable(
          [
            { title: 'Waived', cell: ({ scenario, metric }) => printable(`${scenario}: ${metric}`, 200) },
            { title: 'Until', cell: ({ until }) => until, key: ({ until }) => until },
            { title: 'Owner', cell: ({ owner }) => printable(owner, 100) },
            { title: 'Reason', cell: ({ reason }) => printable(reason, 300) },
          ],
          report.waivers,
        );
  return section('What is open', [
    listOf('Broken', 'failed', 'open over'),
    listOf('Not measured, or undecided', 'undecided', 'open unknown'),
    listOf('Broken and waived', 'warned', 'open unknown'),
    waivers,
  ]);
}

function overviewCard({ scenarios }: SignoffReport): HTMLElement | null {
  const mark = (verdict: Verdict) =>
    element('span', {
      class: `mark ${verdictClass(verdict)}`,
      text: verdictMark(verdict),
      attributes: { title: printable(verdict.headline, 300) },
    });
  const parts = scenarios.flatMap(({ name, runs, comparisons }) => [
    ...runs.map(({ lane, folder, verdict }) => ({
      name,
      lane,
      what: folder === null ? 'nothing' : 'budgets',
      verdict,
    })),
    ...comparisons.map(({ result }) => {
      const judged = judgedMetrics(result);
      const worst = judged[0];
      const exitCode = worst?.decision === 'within' ? 0 : worst?.decision === 'worse' ? 1 : 4;
      const headline = worst
        ? `${metricSentence(worst)}${judged.length > 1 ? `; ${formatCount(judged.length - 1)} more compared` : ''}`
        : 'nothing was compared';
      return {
        name,
        lane: result.lane,
        what: counted(result.pairs, 'pair'),
        verdict: { ok: exitCode === 0, exitCode, headline },
      };
    }),
  ]);
  return section('Scenarios', [
    sortableTable(
      [
        { title: '', cell: ({ verdict }) => mark(verdict) },
        {
          title: 'Scenario',
          cell: ({ name }) => element('code', { class: 'tight', text: printable(name, 80) }),
          key: ({ name }) => name,
        },
        { title: 'Lane', cell: ({ lane }) => lane, key: ({ lane }) => lane },
        { title: 'Judged by', cell: ({ what }) => what, key: ({ what }) => what },
        { title: 'Verdict', cell: ({ verdict }) => printable(verdict.headline, 300) },
      ],
      parts,
    ),
  ]);
}

function scenarioCard({ name, runs, comparisons }: SignedScenario, { previous }: SignoffReport): HTMLElement {
  return element('article', { class: 'card comparison' }, [
    element('h2', { text: printable(name, 80) }),
    ...runs.flatMap(runParts),
    ...comparisons.flatMap(({ result }) => [
      element('h3', {
        text: `Against ${printable(previous?.label ?? '', 80)}, ${result.lane} lane, ${counted(result.pairs, 'pair')}`,
      }),
      judgedMetrics(result).length > 0
        ? metricTable(judgedMetrics(result))
        : element('p', { class: 'warning', text: 'No metric has a threshold.' }),
      ...result.notes.map((note) =>
        element('p', { class: note.severity === 'warning' ? 'warning' : 'dim', text: printable(note.text) }),
      ),
    ]),
  ]);
}

function runParts({ lane, folder, budgets, verdict, command }: SignedRun): (Node | null)[] {
  return [
    element('h3', { text: `By its budgets, ${lane} lane` }),
    // What holds stands in the list above, and in the table.
    verdict.ok ? null : element('p', { class: 'warning', text: printable(verdict.headline, 1_000) }),
    budgets.length > 0 ? budgetTable(budgets) : null,
    folder === null ? null : commandLine(command.replaceAll(ownWords, '')),
  ];
}

/** Where the sign-off had the run put what it measured: nobody who types the command wants it there. */
const ownWords = / --(?:(?:agent|target-dir|out) (?:[^\s']|'[^']*')+|keep-measurement|keep-snapshots)(?= |$)/g;

function proofCard({ candidate }: SignoffReport): HTMLElement | null {
  const at = candidate.package ? `--candidate ${candidate.package.name}` : '';
  return section('How to check this page', [
    element('p', {
      text: 'A page can say anything. Whoever has this bundle and the public key checks who signed it, that no file was changed, and that the raw data come to this verdict:',
    }),
    commandLine(`floodgate verify . --key release.pub ${at}`.trim()),
  ]);
}
