/** What every gate ends with: one report over its runs, written, printed, and the exit code. */
import { type GateReport, type Note, type RunReport, SCHEMA_VERSION, type Verdict } from '../../reports/model.ts';
import { plainOutput } from '../target/plain-output.ts';
import { record } from './history-record.ts';
import { printReport } from './print-report.ts';
import { pointLatest, writeReports } from './report-folder.ts';
import type { Session } from './session.ts';
import { commandLine } from './shown-words.ts';

export interface GateEnd {
  readonly startedAtMs: number;
  readonly runs: readonly RunReport[];
  readonly verdict: Verdict;
  readonly notes?: readonly Note[];
  readonly toolVersion: string;
}

export interface GateOutput {
  /** As the operator named the folder; where it was not named, `latest` points at it. */
  readonly out?: string;
  readonly config?: string;
  readonly isPart?: boolean;
}

/** One report over several runs. */
export function gateReport({ startedAtMs, runs, verdict, notes = [], toolVersion }: GateEnd): GateReport {
  return {
    kind: 'gate',
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'floodgate', version: toolVersion },
    startedAt: new Date(startedAtMs).toISOString(),
    durationMs: Date.now() - startedAtMs,
    command: commandLine(),
    runs,
    verdict,
    notes,
  };
}

/**
 * Writes the report of a gate into its folder, prints it and stores it in the project's history.
 * @returns the exit code
 */
export async function endGate(
  end: Omit<GateEnd, 'toolVersion'>,
  folder: string,
  { out, config, isPart }: GateOutput,
  session: Session,
): Promise<number> {
  const report = await plainOutput(gateReport({ ...end, toolVersion: session.toolVersion }));
  writeReports(folder, report);
  if (out === undefined) pointLatest(folder);
  printReport(folder, report);
  // A part is no gate: whoever merges the parts stores the whole.
  if (isPart !== true) await record(report, folder, { config, hasOut: out !== undefined }, session.store);
  return report.verdict.exitCode;
}
