/** Counters and gauges in Prometheus' text format (version 0.0.4), with units in the names, in the manner of OpenTelemetry. */
import type { CaptureStats } from '../capture/frame-source.ts';
import { type Counters, dropShare } from '../stats.ts';

/** What goes up and down; everything else only grows. */
const gaugePattern =
  /^process\.(?!cpu)|^governor\.(level|sharePeak|ceilingBytes)$|InUse$|Peak$|Resident$|^tcp\.(streams(Open|Embryonic|ClosedHeld)|datagramsWaiting)$|Bytes?InUse$|^http\.(headPoolBytes|waitingRequests)$|^body\.(decoder|buffer)Bytes$|^witness\.(pending|valueBytes|ratioMax)$|\.heldBytes$|^upload\.(spool(Bytes|Batches|Witnesses)|open(Bytes|Witnesses)|backoffMs)$/;

/** `tcp.gapsAcknowledged` is `floodgate_tcp_gaps_acknowledged_total`; bytes and milliseconds become base units. */
export function metricName(name: string): string {
  const isGauge = gaugePattern.test(name);
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, '_')
    .replace(/_ms$/, '_seconds');
  return `floodgate_${snake}${isGauge ? '' : '_total'}`;
}

/** The whole page. */
export function prometheusText(counters: Counters, interfaces: readonly CaptureStats[]): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(counters)) {
    const metric = metricName(name);
    lines.push(`# TYPE ${metric} ${gaugePattern.test(name) ? 'gauge' : 'counter'}`);
    lines.push(`${metric} ${/Ms$/.test(name) ? value / 1000 : value}`);
  }
  const perInterface = [
    ['floodgate_interface_frames_received_total', (one: CaptureStats) => one.framesReceived],
    ['floodgate_interface_frames_dropped_total', (one: CaptureStats) => one.framesDropped],
  ] as const;
  for (const [metric, read] of perInterface) {
    lines.push(`# TYPE ${metric} counter`);
    for (const one of interfaces) {
      const value = read(one);
      if (value !== null) lines.push(`${metric}{interface="${escapeLabel(one.name)}"} ${value}`);
    }
  }
  lines.push(...dropRatios(interfaces));
  return `${lines.join('\n')}\n`;
}

/** Share of what passed the interface, 0 to 1: a ratio is a gauge in Prometheus' terms. */
function dropRatios(interfaces: readonly CaptureStats[]): string[] {
  const metric = 'floodgate_interface_frames_dropped_ratio';
  const lines = [`# TYPE ${metric} gauge`];
  for (const one of interfaces) {
    const share = dropShare(one);
    if (share !== null) lines.push(`${metric}{interface="${escapeLabel(one.name)}"} ${share}`);
  }
  return lines;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
