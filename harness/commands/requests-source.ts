/** `floodgate run --requests` once the options are read: the requests of a recording, and how the target is run for them. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Note } from '../../reports/model.ts';
import { differencesName } from '../report/requests-notes.ts';
import { extractRequests } from '../requests/extraction.ts';
import type { RequestPace } from '../requests/replay.ts';
import { RequestsFeed, type RequestsOrder } from '../requests/requests-feed.ts';
import { removeSpool } from '../requests/spool.ts';
import type { RunOptions } from '../run.ts';
import type { Pace } from '../traffic/traffic.ts';
import type { RequestsRun } from './requests-flags.ts';
import type { TargetRun } from './target-flags.ts';

/** Rates of frames were refused with the options. */
function paceOf({ isOneAtATime }: RequestsRun, pace: Pace): RequestPace {
  if (isOneAtATime) return { kind: 'oneAtATime' };
  if (pace.kind === 'recorded') return { kind: 'recorded', speed: pace.speed };
  return { kind: 'topspeed' };
}

/** The requests of a run, extracted once, fed once a pass. */
export class RequestsSource {
  readonly #order: RequestsOrder;
  /** The first pass is the one that is judged. */
  #measured: RequestsFeed | undefined;

  private constructor(order: RequestsOrder) {
    this.#order = order;
  }

  /** @param folder of the report, which is there @throws FloodgateError where the recording cannot be read, or holds nothing to send */
  static async open(
    run: RequestsRun,
    folder: string,
    { pace, loops, signal }: { readonly pace: Pace; readonly loops: number; readonly signal: AbortSignal },
  ): Promise<RequestsSource> {
    const extracted = await extractRequests({ file: run.file, folder, signal });
    return new RequestsSource({ extracted, pace: paceOf(run, pace), rules: run.rules, loops });
  }

  /** What a run of the target asks for. @param repeatable as typed */
  runOptions(
    target: TargetRun,
    repeatable: boolean | undefined,
  ): Pick<RunOptions, 'openFeed' | 'idleMs' | 'repeatable' | 'byRequests' | 'notes'> {
    const { pace, extracted } = this.#order;
    const isOneAtATime = pace.kind === 'oneAtATime';
    const v8 = v8Of(isOneAtATime, target, repeatable);
    const notes = extracted.notes.map((text): Note => ({ severity: 'warning', text: `requests: ${text}` }));
    return {
      openFeed: async () => this.#openFeed(),
      idleMs: target.idleMs,
      repeatable: v8.repeatable,
      byRequests: isOneAtATime || v8.repeatable,
      notes: [...notes, ...v8.notes],
    };
  }

  /** Leaves the differences in the report, and nothing else. */
  close(): void {
    const { folder } = this.#order.extracted;
    removeSpool(folder);
    const { differences = [] } = this.#measured?.requests ?? {};
    if (differences.length === 0) return;
    const lines = differences.map((each) => `${JSON.stringify(each)}\n`).join('');
    writeFileSync(path.join(folder, differencesName), lines, { mode: 0o600 });
  }

  #openFeed(): RequestsFeed {
    const feed = new RequestsFeed(this.#order);
    this.#measured ??= feed;
    return feed;
  }
}

/** Whether the target is run so that allocation repeats, and what the report says of it. */
function v8Of(
  isOneAtATime: boolean,
  target: TargetRun,
  repeatable: boolean | undefined,
): { readonly repeatable: boolean; readonly notes: readonly Note[] } {
  const takesArguments = target.opened.kind === 'program' && target.opened.launcher.isNode;
  const isRepeatable = takesArguments && (repeatable ?? isOneAtATime);
  if (!isOneAtATime) return { repeatable: isRepeatable, notes: [] };
  // Which of them its version knew, the report's own note says.
  if (isRepeatable) return { repeatable: true, notes: [] };
  const text = takesArguments
    ? 'V8 ran as it does by itself: allocation falls in steps while it optimises'
    : `${target.opened.launcher.name} takes no arguments of Node.js: V8, if there is one, ran as it does by itself`;
  return { repeatable: isRepeatable, notes: [{ severity: 'info', text: `requests: ${text}` }] };
}
