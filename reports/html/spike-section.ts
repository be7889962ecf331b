/** A spike's part of the page: cause, suspects, what it is made of, flame graph, retained sizes, packets, profiles. */
import {
  formatBytes,
  formatCount,
  formatDifference,
  formatDuration,
  formatHeight,
  formatKeeper,
  formatKnown,
  formatLines,
  formatRecovery,
  formatShare,
  formatSite,
  printable,
  standsOut,
} from '../format.ts';
import type { RetainedClass, RunReport, Spike, SpikePart, SpikeStream, Suspect } from '../model.ts';
import { button, commandLine, element, section, sortableTable, type Tab, tabs } from './dom.ts';
import { flameView } from './flame-view.ts';
import { sourcePanel } from './source-panel.ts';
import type { TimeLine } from './timeline.ts';

/** One spike: what rose, why, and tabs for everything that is known of it. */
export function spikeSection(spike: Spike, number: number, run: RunReport, line: TimeLine | null): HTMLElement | null {
  const back = formatRecovery(spike);
  const first = spike.suspects[0];
  const margin = Math.max(500, (spike.endMs - spike.startMs) / 4);
  const list: Tab[] = [];
  if (spike.suspects.length > 0)
    list.push({ title: 'Suspects', panel: element('div', {}, [suspectTable(spike.suspects)]) });
  if (spike.parts.length > 0) list.push({ title: 'Made of', panel: partsPanel(spike) });
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
        element('strong', { text: formatHeight(spike) }),
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
            document.createTextNode(standsOut(spike) ? 'First suspect: ' : 'No call site stands out; the largest: '),
            element('code', { text: formatSite(first) }),
            document.createTextNode(` ${formatShare(first.share)}`),
          ])
        : null,
      spike.keeper
        ? element('p', { class: 'first' }, [
            document.createTextNode('Kept by: '),
            element('code', { text: formatKeeper(spike.keeper) }),
          ])
        : null,
      spike.lines
        ? element('p', { text: `Lines of ${printable(spike.lines.functionName, 120)}: ${formatLines(spike.lines)}` })
        : null,
      ...spike.sources.map((source) => sourcePanel(source)),
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

/** Of the way from the roots, the last steps: the first ones are the same for everything. */
const pathSteps = 7;

function keptBy({ retainingPath }: RetainedClass): Node {
  const steps = retainingPath.map((step) => printable(step, 120));
  const shown = steps.slice(-pathSteps).join(' → ');
  const text = steps.length > pathSteps ? `… → ${shown}` : shown;
  return element('span', { text, attributes: { title: steps.join(' → ') } });
}

/** Growth below this share of the largest is noise of the runtime. */
const retainedShareMin = 0.001;

function retainedTable(all: readonly RetainedClass[]): HTMLElement {
  const largest = Math.max(...all.map((each) => each.retainedBytesAdded));
  const retained = all.filter((each) => each.retainedBytesAdded >= retainedShareMin * largest);
  return sortableTable<RetainedClass>(
    [
      {
        title: 'Class',
        cell: (each) => element('code', { class: 'tight', text: printable(each.className, 60) }),
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
      {
        title: 'At the end',
        numeric: true,
        key: (each) => each.retainedBytesAfter ?? 0,
        cell: (each) => (each.retainedBytesAfter === null ? '' : formatBytes(each.retainedBytesAfter)),
      },
      { title: 'Kept by', cell: keptBy },
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
    streams.length > 0 ? sortableTable<SpikeStream>(streamColumns, streams) : null,
  ]);
}

const streamColumns: Parameters<typeof sortableTable<SpikeStream>>[0] = [
  {
    title: 'Stream',
    cell: (each) =>
      element('code', {
        class: 'tight',
        text: printable(each.destination === '' ? each.source : `${each.source} → ${each.destination}`, 300),
      }),
    key: (each) => each.source,
  },
  { title: 'Bytes', numeric: true, key: (each) => each.bytes, cell: (each) => formatBytes(each.bytes) },
  { title: 'Frames', numeric: true, key: (each) => each.frames, cell: (each) => formatCount(each.frames) },
  { title: 'Messages', numeric: true, key: (each) => each.messages, cell: (each) => formatCount(each.messages) },
  {
    title: 'Behind a gap',
    numeric: true,
    key: (each) => each.bytesBehindGap,
    cell: (each) => (each.gapFrame === null ? '' : formatBytes(each.bytesBehindGap)),
  },
  {
    title: 'Gap before frame',
    numeric: true,
    key: (each) => each.gapFrame ?? 0,
    cell: (each) => (each.gapFrame === null ? '' : formatCount(each.gapFrame)),
  },
  {
    title: 'Largest message',
    numeric: true,
    key: (each) => each.largestMessageBytes,
    cell: (each) => (each.largestMessage === '' ? '' : formatBytes(each.largestMessageBytes)),
  },
  { title: '', cell: (each) => element('code', { text: printable(each.largestMessage, 200) }) },
];

const knownWords = {
  line: 'function and line',
  function: 'function',
  ledger: 'its own count',
  pages: 'kind of page',
  nothing: '',
} as const;

function partsPanel(spike: Spike): HTMLElement {
  return element('div', {}, [
    spike.namedShare === null ? null : element('p', { text: `${formatKnown(spike)}.` }),
    sortableTable<SpikePart>(
      [
        {
          title: 'Part',
          cell: (each) => element('code', { text: printable(each.name, 300) }),
          key: (each) => each.name,
        },
        { title: 'Known by', cell: (each) => document.createTextNode(knownWords[each.by]), key: (each) => each.by },
        { title: 'Bytes', numeric: true, key: (each) => each.bytes, cell: (each) => formatBytes(each.bytes) },
        {
          title: 'Share',
          numeric: true,
          key: (each) => each.bytes,
          cell: (each) => formatShare(each.bytes / Math.max(1, spike.heightBytes)),
        },
      ],
      spike.parts,
    ),
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
