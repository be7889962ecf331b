/** The agent's own figures, as it wrote them with `--stats FILE --stats-interval-ms N`: one JSON object a line. */
import { readFileSync, statSync } from 'node:fs';

export interface StatsSnapshot {
  /** Milliseconds since the epoch, or since the agent's start: see `type`. */
  readonly tsMs: number;
  /** Every number of the line by name; nested objects joined with dots (`tcp.pagesInUse`). */
  readonly values: Readonly<Record<string, number>>;
}

export interface StatsFile {
  readonly samples: readonly StatsSnapshot[];
  /** The last line: every counter at the end; undefined when the agent did not come so far. */
  readonly final: StatsSnapshot | undefined;
}

/** A line of counters is a few KB; at four a second this is hours. Beyond it only the head is read. */
const fileBytesMax = 256 * 1024 * 1024;

/** Reads what there is; a missing file or a half-written last line is no error: the agent may have been killed. */
export function readStatsFile(file: string): StatsFile {
  let text: string;
  try {
    if (statSync(file).size > fileBytesMax) return { samples: [], final: undefined };
    text = readFileSync(file, 'utf8');
  } catch {
    return { samples: [], final: undefined };
  }
  const samples: StatsSnapshot[] = [];
  let final: StatsSnapshot | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    let object: Record<string, unknown>;
    try {
      object = JSON.parse(line);
    } catch {
      continue;
    }
    const snapshot = { tsMs: Number(object.tsMs ?? 0), values: flatten(object) };
    if (object.type === 'sample') samples.push(snapshot);
    else final = snapshot;
  }
  return { samples, final };
}

function flatten(object: object, prefix = '', into: Record<string, number> = {}): Record<string, number> {
  for (const [name, value] of Object.entries(object)) {
    if (typeof value === 'number') into[prefix + name] = value;
    else if (value !== null && typeof value === 'object') flatten(value, `${prefix}${name}.`, into);
  }
  return into;
}
