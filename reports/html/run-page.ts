/** The page of one run: verdict and budgets on top, the time line, the spikes, and what to type to get it again. */
import {
  formatBytes,
  formatCount,
  formatDifference,
  formatDuration,
  formatShare,
  formatSite,
  formatValue,
  printable,
} from '../format.ts';
import type { BudgetResult, Figure, Pass, RetainedClass, RunReport, Spike, Suspect } from '../model.ts';
import { button, element, section, sortableTable, type Tab, tabs } from './dom.ts';
import { flameView } from './flame-view.ts';
import { type TimeLine, timeLine } from './timeline.ts';

/** The whole page of a run. */
export function runPage(run: RunReport): HTMLElement {
  const line = timeLine(run);
  return element('article', {}, [
    verdictBanner(run),
    section('Budget', run.budgets.length > 0 ? [budgetTable(run.budgets)] : []),
    section('Time line', line ? [line.root] : []),
    ...run.spikes.map((spike, i) => spikeSection(spike, i + 1, run, line)),
    section('Delivery', deliveryRows(run)),
    section('Figures', run.figures.length > 0 ? [figureTable(run.figures)] : []),
    section('Passes', run.passes.length > 0 ? [passTable(run.passes)] : []),
    section('Counters', Object.keys(run.counters).length > 0 ? [counterTable(run.counters)] : []),
    section('Environment', [environmentList(run)]),
  ]);
}

function verdictBanner(run: RunReport): HTMLElement {
  const { verdict } = run;
  const word = verdict.ok ? 'PASS' : verdict.exitCode === 3 ? 'STOPPED' : 'FAIL';
  const defect = run.scenario.defect === null ? '' : `, with the defect ${printable(run.scenario.defect)}`;
  return element('header', { class: `verdict card ${verdict.ok ? 'ok' : 'over'}` }, [
    element('div', { class: 'word', text: word }),
    element('div', {}, [
      element('h1', { text: printable(run.scenario.name, 200) }),
      element('p', { class: 'headline', text: printable(verdict.headline) }),
      element('p', {
        class: 'dim',
        text: `${printable(run.scenario.description)} ${run.lane === 'tap' ? 'TAP' : 'Exact'} lane, ${formatDuration(run.durationMs)}${defect}.`,
      }),
      run.partial
        ? element('p', { class: 'warning', text: 'Partial: the run was cut short. What is here is true, but not all.' })
        : null,
      ...run.notes.map((note) =>
        element('p', { class: note.severity === 'warning' ? 'warning' : 'dim', text: printable(note.text) }),
      ),
      commandLine(run.command),
    ]),
  ]);
}

/** A command with a button that copies it. */
export function commandLine(command: string): HTMLElement {
  const copy = button('Copy', () => {
    navigator.clipboard?.writeText(printable(command)).then(
      () => void (copy.textContent = 'Copied'),
      () => void (copy.textContent = 'Select it by hand'),
    );
  });
  return element('div', { class: 'command' }, [element('code', { text: printable(command) }), copy]);
}

function budgetTable(budgets: readonly BudgetResult[]): HTMLElement {
  return sortableTable<BudgetResult>(
    [
      {
        title: '',
        cell: (each) =>
          element('span', {
            class: each.ok ? 'mark ok' : 'mark over',
            text: each.ok ? '✓' : '✗',
            attributes: { title: each.ok ? 'within budget' : 'over budget' },
          }),
      },
      { title: 'Budget', cell: (each) => printable(each.name, 200), key: (each) => each.name },
      {
        title: 'Actual',
        numeric: true,
        cell: (each) => (each.actual === null ? 'not measured' : formatValue(each.actual, each.unit)),
      },
      {
        title: 'Limit',
        numeric: true,
        cell: (each) => `${each.bound === 'max' ? '≤' : '≥'} ${formatValue(each.limit, each.unit)}`,
      },
      { title: 'Used', cell: usedBar },
      { title: '', cell: (each) => printable(each.note, 300) },
    ],
    budgets,
    (each) => (each.ok ? '' : 'over'),
  );
}

function usedBar(budget: BudgetResult): Node {
  if (budget.actual === null || budget.limit <= 0 || budget.bound === 'min') return document.createTextNode('');
  const used = budget.actual / budget.limit;
  const bar = element('meter', {
    attributes: { min: '0', max: '1', value: String(Math.min(1, used)), class: budget.ok ? 'ok' : 'over' },
  });
  return element('span', { class: 'used' }, [bar, document.createTextNode(` ${formatShare(used)}`)]);
}

function spikeSection(spike: Spike, number: number, run: RunReport, line: TimeLine | null): HTMLElement | null {
  const back = spike.recoveryMs === null ? 'never came back' : `back after ${formatDuration(spike.recoveryMs)}`;
  const first = spike.suspects[0];
  const margin = Math.max(500, (spike.endMs - spike.startMs) / 4);
  const list: Tab[] = [];
  if (spike.suspects.length > 0)
    list.push({ title: 'Suspects', panel: element('div', {}, [suspectTable(spike.suspects)]) });
  if (spike.flame) {
    const view = flameView(spike.flame);
    list.push({ title: 'Flame graph', panel: element('div', {}, [view.root]), onShow: view.draw });
  }
  if (spike.retained.length > 0)
    list.push({ title: 'Retained', panel: element('div', {}, [retainedTable(spike.retained)]) });
  if (spike.streams.length > 0 || spike.frames) list.push({ title: 'Packets', panel: packetPanel(spike, number) });
  if (spike.profiles.length > 0) list.push({ title: 'Profiles', panel: profilePanel(spike) });
  return section(
    run.spikes.length > 1 ? `Spike ${number}` : 'Spike',
    [
      element('p', { class: 'spike-line' }, [
        element('strong', { text: formatDifference(spike.heightBytes, 'bytes') }),
        document.createTextNode(
          ` from ${formatBytes(spike.baselineBytes)} to ${formatBytes(spike.topBytes)}, ${formatDuration(spike.startMs)} – ${formatDuration(spike.topMs)}, ${back} `,
        ),
        element('span', { class: 'tag', text: spike.cause }),
        line
          ? button('Show', () =>
              line.show({ min: (spike.startMs - margin) / 1000, max: (spike.endMs + margin) / 1000 }),
            )
          : null,
      ]),
      element('p', { text: printable(spike.causeDetail) }),
      first
        ? element('p', { class: 'first' }, [
            document.createTextNode('First suspect: '),
            element('code', { text: formatSite(first) }),
          ])
        : null,
      list.length > 0 ? tabs(list, `Spike ${number}`) : null,
    ],
    'spike',
  );
}

function suspectTable(suspects: readonly Suspect[]): HTMLElement {
  return sortableTable<Suspect>(
    [
      { title: 'Call site', cell: (each) => element('code', { text: formatSite(each) }), key: formatSite },
      {
        title: 'Added',
        numeric: true,
        key: (each) => each.selfBytes,
        cell: (each) =>
          `${formatDifference(each.selfBytes, 'bytes')}${each.errorShare > 0 ? ` ±${formatShare(each.errorShare)}` : ''}`,
      },
      {
        title: 'With callees',
        numeric: true,
        key: (each) => each.totalBytes,
        cell: (each) => formatBytes(each.totalBytes),
      },
      {
        title: 'Steady state',
        numeric: true,
        key: (each) => each.steadyBytes,
        cell: (each) => formatBytes(each.steadyBytes),
      },
      { title: 'Share', numeric: true, key: (each) => each.share, cell: (each) => formatShare(each.share) },
      { title: 'Where', cell: (each) => each.where, key: (each) => each.where },
    ],
    suspects,
  );
}

function retainedTable(retained: readonly RetainedClass[]): HTMLElement {
  return sortableTable<RetainedClass>(
    [
      {
        title: 'Class',
        cell: (each) => element('code', { text: printable(each.className, 300) }),
        key: (each) => each.className,
      },
      { title: 'Objects', numeric: true, key: (each) => each.count, cell: (each) => formatCount(each.count) },
      {
        title: 'Added',
        numeric: true,
        key: (each) => each.countAdded,
        cell: (each) => formatDifference(each.countAdded, 'count'),
      },
      {
        title: 'Own size added',
        numeric: true,
        key: (each) => each.selfBytesAdded,
        cell: (each) => formatDifference(each.selfBytesAdded, 'bytes'),
      },
      {
        title: 'Retained',
        numeric: true,
        key: (each) => each.retainedBytes,
        cell: (each) => formatBytes(each.retainedBytes),
      },
      {
        title: 'Retained added',
        numeric: true,
        key: (each) => each.retainedBytesAdded,
        cell: (each) => formatDifference(each.retainedBytesAdded, 'bytes'),
      },
      { title: 'Kept by', cell: (each) => each.retainingPath.map((step) => printable(step, 120)).join(' → ') },
    ],
    retained,
  );
}

function packetPanel(spike: Spike, number: number): HTMLElement {
  const { frames, streams } = spike;
  return element('div', {}, [
    frames
      ? element('p', {
          text: `Frames ${formatCount(frames.first)} to ${formatCount(frames.last)}. To cut them out of this run:`,
        })
      : null,
    frames ? commandLine(`floodgate slice . --spike ${number} -o spike-${number}.pcapng`) : null,
    streams.length > 0
      ? element(
          'ul',
          {},
          streams.map((stream) => element('li', { text: printable(stream, 300) })),
        )
      : null,
  ]);
}

function profilePanel(spike: Spike): HTMLElement {
  return element('div', {}, [
    element(
      'ul',
      {},
      spike.profiles.map((each) =>
        element('li', {}, [
          element('code', { text: printable(each.file, 300) }),
          document.createTextNode(
            ` ${each.kind}, ${each.role}, ${formatDuration(each.startMs)} – ${formatDuration(each.endMs)} (${each.format})`,
          ),
        ]),
      ),
    ),
  ]);
}

function deliveryRows({ ledger, messages }: RunReport): Node[] {
  const rows: Node[] = [];
  if (ledger) {
    rows.push(
      element('p', {
        class: ledger.ok ? '' : 'warning',
        text: `Delivered ${formatCount(ledger.framesDelivered)} of ${formatCount(ledger.framesSent)} frames, ${formatBytes(ledger.bytesDelivered)} of ${formatBytes(ledger.bytesSent)}; the capture dropped ${formatCount(ledger.framesDropped)}.`,
      }),
    );
  }
  if (messages) {
    const { found, truth, mayBeLost } = messages;
    const missing = found.requests < truth.requests || found.responses < truth.responses;
    const loose = mayBeLost.requests + mayBeLost.responses;
    rows.push(
      element('p', {
        class: missing ? 'warning' : '',
        text: `Found ${formatCount(found.requests)} of ${formatCount(truth.requests)} requests and ${formatCount(found.responses)} of ${formatCount(truth.responses)} responses that survived${loose > 0 ? `; ${formatCount(loose)} more were damaged and may be lost` : ''}.`,
      }),
    );
  }
  return rows;
}

function figureTable(figures: readonly Figure[]): HTMLElement {
  return sortableTable<Figure>(
    [
      { title: 'Figure', cell: (each) => printable(each.name, 200), key: (each) => each.name },
      { title: 'Value', numeric: true, cell: (each) => formatValue(each.value, each.unit) },
    ],
    figures,
  );
}

function passTable(passes: readonly Pass[]): HTMLElement {
  return sortableTable<Pass>(
    [
      { title: 'Pass', cell: (each) => each.kind },
      { title: 'Time', numeric: true, cell: (each) => formatDuration(each.durationMs) },
      { title: 'Instruments', cell: (each) => each.instruments.map((name) => printable(name, 120)).join(', ') },
      {
        title: 'Cost',
        numeric: true,
        cell: (each) => (each.overheadShare === null ? '' : `${formatShare(each.overheadShare)} CPU`),
      },
      {
        title: '',
        cell: (each) =>
          [each.disturbed ? 'disturbed' : '', printable(each.note, 300)].filter((word) => word !== '').join(', '),
      },
    ],
    passes,
  );
}

function counterTable(counters: Readonly<Record<string, number>>): HTMLElement {
  const rows = Object.entries(counters).sort(([a], [b]) => (a < b ? -1 : 1));
  const place = element('div');
  const search = element('input', {
    attributes: { type: 'search', placeholder: 'Filter', 'aria-label': 'Filter counters' },
  });
  const fill = () => {
    const wanted = search.value.toLowerCase();
    const kept = rows.filter(([name]) => name.toLowerCase().includes(wanted));
    place.replaceChildren(
      sortableTable<[string, number]>(
        [
          { title: 'Counter', cell: ([name]) => printable(name, 200), key: ([name]) => name },
          { title: 'Value', numeric: true, key: ([, value]) => value, cell: ([, value]) => formatCount(value) },
        ],
        kept,
      ),
    );
  };
  search.addEventListener('input', fill);
  fill();
  const details = element('details', {}, [element('summary', { text: `${rows.length} counters` }), search, place]);
  return details;
}

function environmentList(run: RunReport): HTMLElement {
  const { environment, target, tool, scenario } = run;
  const rows: [string, string][] = [
    ['Target', `${target.name} ${target.version}`],
    ['Started as', target.command.join(' ')],
    ['Node.js', `${environment.node} (V8 ${environment.v8})`],
    ['System', `${environment.platform} ${environment.arch}, kernel ${environment.kernel}`],
    ['Machine', `${environment.cpu}, ${environment.cores} cores, ${formatBytes(environment.memoryBytes)}`],
    ['Privilege', environment.privilege],
    ['Seed', scenario.seed === null ? 'none' : String(scenario.seed)],
    ...Object.entries(scenario.options),
    ...Object.entries(environment.extra),
    ['Started at', run.startedAt],
    ['Made by', `${tool.name} ${tool.version}, report version ${run.schemaVersion}`],
  ];
  return element(
    'dl',
    {},
    rows
      .filter(([, value]) => value !== '')
      .flatMap(([name, value]) => [
        element('dt', { text: printable(name, 100) }),
        element('dd', { text: printable(value) }),
      ]),
  );
}
