/** The options of `floodgate run --requests`: recorded requests, sent at a service of the user's. `--help` reads this: it imports little. */
import path from 'node:path';
import { type Command, Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { type HeaderRules, parseRules } from '../requests/header-rules.ts';
import type { ScenarioHead } from '../scenario/capture-scenario.ts';
import type { Budget } from '../scenario/scenario.ts';
import { repeated } from './repeated-option.ts';
import { optionOf } from './shown-words.ts';

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

/** Of the capture's frames, which `floodgate edit` does before. */
const ofFrames = [
  'from',
  'to',
  'filter',
  'limit',
  'map',
  'port',
  'mac',
  'vlan',
  'mtu',
  'fixChecksums',
  'snap',
  'interfaces',
] as const;
type Foreign = (typeof foreign)[number] | (typeof ofFrames)[number];

/** @throws FloodgateError `option-invalid` for what does not go together */
export function requestsRun(
  name: string | undefined,
  flags: RequestsFlags & { readonly target?: string } & Readonly<Partial<Record<Foreign, unknown>>>,
): RequestsRun | undefined {
  if (!flags.requests) {
    const needless = own.find((each) => flags[each] !== undefined);
    if (needless === undefined) return undefined;
    throw refused(
      `${optionOf(needless)} is for --requests`,
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
      `${optionOf(needless)} does not go with --requests`,
      'Requests are sent as they were recorded, at the target.',
    );
  }
  const edit = ofFrames.find((each) => flags[each] !== undefined);
  if (edit !== undefined) {
    throw refused(
      `${optionOf(edit)} is for frames, and --requests sends what the capture holds as requests`,
      edit === 'interfaces'
        ? 'Leave it out: requests are sent over the connections that they were recorded on.'
        : `Edit the capture before: floodgate edit IN OUT ${optionOf(edit)} …, then run OUT with --requests.`,
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
export const requestsBudget: Budget = { 'requests.failed': 0 };

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
    budget: requestsBudget,
  };
}

function refused(message: string, hint: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint });
}
