/** Counters and gauges in Prometheus' text format (version 0.0.4), with units in the names, in the manner of OpenTelemetry. */
import type { CaptureStats } from '../capture/frame-source.ts';
import { type Counters, dropShare } from '../stats.ts';
import { counterHelp, gaugeHelp } from './metric-table.ts';

/** `tcp.gapsAcknowledged` is `floodgate_tcp_gaps_acknowledged_total`; bytes and milliseconds become base units. */
export function metricName(name: string): string {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, '_')
    .replace(/_ms$/, '_seconds');
  return `floodgate_${snake}${isGauge(name) ? '' : '_total'}`;
}

const isGauge = (name: string) => Object.hasOwn(gaugeHelp, name);

/** The whole page. */
export function prometheusText(counters: Counters, interfaces: readonly CaptureStats[]): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(counters)) {
    const metric = metricName(name);
    const help = counterHelp[name] ?? gaugeHelp[name] ?? 'See docs/agent.md.';
    lines.push(...head(metric, isGauge(name) ? 'gauge' : 'counter', help));
    lines.push(`${metric} ${/Ms$/.test(name) ? value / 1000 : value}`);
  }
  for (const { name, type, help, read } of ofInterfaces) {
    const metric = `floodgate_interface_${name}`;
    const samples = interfaces
      .map((one) => ({ label: escapeLabel(one.name), value: read(one) }))
      .filter(({ value }) => value !== null)
      .map(({ label, value }) => `${metric}{interface="${label}"} ${value}`);
    if (samples.length > 0) lines.push(...head(metric, type, help), ...samples);
  }
  return `${lines.join('\n')}\n`;
}

const ofInterfaces: readonly {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly read: (stats: CaptureStats) => number | null;
}[] = [
  {
    name: 'frames_received_total',
    type: 'counter',
    help: 'Frames taken from the interface.',
    read: (one) => one.framesReceived,
  },
  {
    name: 'frames_dropped_total',
    type: 'counter',
    help: 'Frames of the interface the kernel could not hand over because the ring was full.',
    read: (one) => one.framesDropped,
  },
  // A ratio is a gauge in Prometheus' terms.
  {
    name: 'frames_dropped_ratio',
    type: 'gauge',
    help: 'Frames dropped as a share of all that passed the interface, 0 to 1.',
    read: dropShare,
  },
];

function head(metric: string, type: 'counter' | 'gauge', help: string): [string, string] {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return [`# HELP ${metric} ${escaped}`, `# TYPE ${metric} ${type}`];
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
