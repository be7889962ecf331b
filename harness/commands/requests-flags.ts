/** `floodgate run --requests`: recorded requests, sent at a service of the user's. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import type { Note } from '../../reports/model.ts';
import { differencesName } from '../report/requests-notes.ts';
import { type ExtractedRequests, extractRequests } from '../requests/extraction.ts';
import { type HeaderRules, parseRules } from '../requests/header-rules.ts';
import type { RequestPace } from '../requests/replay.ts';
import { RequestsFeed } from '../requests/requests-feed.ts';
import { removeSpool } from '../requests/spool.ts';
import type { ScenarioHead } from '../scenario/capture-scenario.ts';
import type { Pace } from '../traffic/traffic.ts';
import { repeated } from './repeated-option.ts';
import type { TargetRun } from './target-flags.ts';

export interface RequestsFlags {
  readonly requests?: boolean;
  readonly oneAtATime?: boolean;
  readonly rewriteHeader?: readonly string[];
  readonly dropHeader?: readonly string[];
  readonly rewriteCookie?: readonly string[];
  readonly dropCookie?: readonly string[];
}

export function addRequestsOptions(command: Command): void {
  command
    .option('--requests', 'send the HTTP requests of the capture, or of a HAR file, at the target, as they were')
    .addOption(
      new Option('--one-at-a-time', 'one request in flight: allocation by the request repeats').conflicts([
        'speed',
        'topspeed',
      ]),
    )
    .option(
      '--rewrite-header <name: value>',
      'this value in every request that has the header; {env:NAME} and {port} are filled in; may be repeated',
      repeated,
    )
    .option('--drop-header <name>', 'requests without this header; may be repeated', repeated)
    .option('--rewrite-cookie <name=value>', 'this value of a cookie, {env:NAME} filled in; may be repeated', repeated)
    .option('--drop-cookie <name>', 'requests without this cookie; may be repeated', repeated);
}

/** What the options ask for, checked before anything starts. */
export interface RequestsRun {
  readonly file: string;
  readonly rules: HeaderRules;
  readonly isOneAtATime: boolean;
  readonly scenario: ScenarioHead;
}

const own = ['oneAtATime', 'rewriteHeader', 'dropHeader', 'rewriteCookie', 'dropCookie'] as const;
/** Of frames, of loads and of our own agent. */
const foreign = [
  'load',
  'duration',
  'lane',
  'defect',
  'agent',
  'agentUntil',
  'pps',
  'mbps',
  'profile',
  'size',
  'seed',
  'merge',
  'impair',
  'impairFile',
] as const;

/** @throws FloodgateError `option-invalid` for what does not go together */
export function requestsRun(
  name: string | undefined,
  flags: RequestsFlags & { readonly target?: string } & Readonly<Partial<Record<(typeof foreign)[number], unknown>>>,
): RequestsRun | undefined {
  const spelled = (flag: string) => `--${flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (!flags.requests) {
    const needless = own.find((each) => flags[each] !== undefined);
    if (needless === undefined) return undefined;
    throw refused(
      `${spelled(needless)} is for --requests`,
      'Add --requests, a capture or HAR file and --target, or leave it out.',
    );
  }
  if (name === undefined) {
    throw refused(
      '--requests takes a recording',
      'Example: floodgate run prod.pcapng --target "node server.js" --requests.',
    );
  }
  if (flags.target === undefined) {
    throw refused(
      '--requests takes a service to send them at',
      'Add --target "node server.js", or pid:N of one that runs.',
    );
  }
  const needless = foreign.find((each) => flags[each] !== undefined);
  if (needless !== undefined) {
    throw refused(
      `${spelled(needless)} does not go with --requests`,
      'Requests are sent as they were recorded, at the target.',
    );
  }
  const { rewriteHeader = [], dropHeader = [], rewriteCookie = [], dropCookie = [] } = flags;
  const words = {
    rewriteHeaders: rewriteHeader,
    dropHeaders: dropHeader,
    rewriteCookies: rewriteCookie,
    dropCookies: dropCookie,
  };
  return {
    file: name === '-' ? name : path.resolve(name),
    rules: parseRules(words, process.env),
    isOneAtATime: flags.oneAtATime === true,
    scenario: scenarioOf(name, flags.target),
  };
}

/** A recording brings one limit of its own: no request fails that had not. */
function scenarioOf(name: string, target: string): ScenarioHead {
  const slug = path
    .basename(name)
    .replace(/(\.(pcap|pcapng|cap|har))?(\.gz|\.zst)?$/i, '')
    .replaceAll(/[^\w-]+/g, '-')
    .slice(0, 60);
  return {
    name: slug === '' || slug === '-' ? 'requests' : slug,
    summary: `requests of ${name === '-' ? 'standard input' : path.basename(name)} at ${target}`,
    seed: 0,
    pace: { kind: 'recorded', speed: 1 },
    lanes: ['load'],
    budget: { 'requests.failed': 0 },
  };
}

/** @throws FloodgateError `option-invalid` */
function paceOf({ isOneAtATime }: RequestsRun, pace: Pace): RequestPace {
  if (isOneAtATime) return { kind: 'oneAtATime' };
  if (pace.kind === 'recorded') return { kind: 'recorded', speed: pace.speed };
  return { kind: 'topspeed' };
}

/** The requests of a run, extracted once, fed once a pass. */
export class RequestsSource {
  readonly notes: readonly Note[];
  readonly #extracted: ExtractedRequests;
  readonly #order: { readonly pace: RequestPace; readonly rules: HeaderRules; readonly loops: number };
  readonly #folder: string;
  /** The first pass is the one that is judged. */
  #measured: RequestsFeed | undefined;

  private constructor(
    run: RequestsRun,
    extracted: ExtractedRequests,
    folder: string,
    order: { pace: Pace; loops: number },
  ) {
    this.#extracted = extracted;
    this.#folder = folder;
    this.#order = { pace: paceOf(run, order.pace), rules: run.rules, loops: order.loops };
    this.notes = extracted.notes.map((text) => ({ severity: 'warning', text: `requests: ${text}` }));
  }

  /** @param folder of the report @throws FloodgateError where the recording cannot be read, or holds nothing to send */
  static async open(
    run: RequestsRun,
    folder: string,
    order: { readonly pace: Pace; readonly loops: number; readonly signal: AbortSignal },
  ): Promise<RequestsSource> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const extracted = await extractRequests({ file: run.file, folder, signal: order.signal });
    return new RequestsSource(run, extracted, folder, order);
  }

  openFeed(): RequestsFeed {
    const feed = new RequestsFeed({ extracted: this.#extracted, ...this.#order });
    this.#measured ??= feed;
    return feed;
  }

  /** Leaves the differences in the report, and nothing else. */
  close(): void {
    removeSpool(this.#extracted.folder);
    const { differences = [] } = this.#measured?.requests ?? {};
    if (differences.length === 0) return;
    const lines = differences.map((each) => `${JSON.stringify(each)}\n`).join('');
    writeFileSync(path.join(this.#folder, differencesName), lines, { mode: 0o600 });
  }
}

/** Whether the target is run so that allocation repeats, and what the report says of it. */
export function v8Of(
  { isOneAtATime }: RequestsRun,
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

function refused(message: string, hint: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint });
}
