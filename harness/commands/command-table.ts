/** The commands of `floodgate`: a row a command. A command's module is loaded when the command line names it. */
import type { CommandRow } from './command-row.ts';

export const commandTable: readonly CommandRow[] = [
  {
    name: 'gate',
    summary: 'replay the release gate: every scenario, judged',
    load: async () => (await import('./gate-command.ts')).addGateCommand,
  },
  {
    name: 'run',
    summary: 'replay one scenario, or a capture file, and judge it; or load any program',
    load: async () => (await import('./run-command.ts')).addRunCommand,
  },
  {
    name: 'compare',
    summary: 'run two versions of a project in pairs: is the new one worse?',
    load: async () => (await import('./compare-command.ts')).addCompareCommand,
  },
  {
    name: 'signoff',
    summary: 'judge a release and seal it: a page, all raw data, a signed statement',
    load: async () => (await import('./signoff-command.ts')).addSignoffCommand,
  },
  {
    name: 'verify',
    summary: 'check a sealed release: who signed it, and that its data come to its verdict',
    load: async () => (await import('./verify-command.ts')).addVerifyCommand,
  },
  {
    name: 'rerun',
    summary: 'run a sealed release again: do its figures come out?',
    load: async () => (await import('./rerun-command.ts')).addRerunCommand,
  },
  {
    name: 'bisect',
    summary: 'find the commit from which on a metric is worse',
    load: async () => (await import('./bisect-command.ts')).addBisectCommand,
  },
  {
    name: 'baseline',
    summary: 'accept the figures of a run, for the gate to hold later runs against',
    load: async () => (await import('./baseline-command.ts')).addBaselineCommand,
  },
  {
    name: 'waiver',
    summary: 'let a limit be broken for a while, with a reason and an owner',
    load: async () => (await import('./waiver-command.ts')).addWaiverCommand,
  },
  {
    name: 'merge',
    summary: 'one report out of what several machines measured',
    load: async () => (await import('./merge-command.ts')).addMergeCommand,
  },
  {
    name: 'history',
    summary: 'what was measured in this project: list, show, export, prune',
    load: async () => (await import('./history-command.ts')).addHistoryCommand,
  },
  {
    name: 'init',
    summary: 'write a configuration for a project',
    load: async () => (await import('./init-command.ts')).addInitCommand,
  },
  {
    name: 'doctor',
    summary: 'what this machine can do, what is missing, how noisy it is',
    load: async () => (await import('./doctor-command.ts')).addDoctorCommand,
  },
  {
    name: 'story',
    summary: 'the article’s six mistakes in our agent, mended one at a time',
    load: async () => (await import('./story-command.ts')).addStoryCommand,
  },
  {
    name: 'list',
    summary: 'list scenarios and defects',
    load: async () => (await import('./list-command.ts')).addListCommand,
  },
  {
    name: 'report',
    summary: 'render a run again',
    load: async () => (await import('./report-command.ts')).addReportCommand,
  },
  {
    name: 'diff',
    summary: 'what one profile has more than another',
    load: async () => (await import('./diff-command.ts')).addDiffCommand,
  },
  {
    name: 'profile',
    summary: 'look at a profile, or convert it',
    load: async () => (await import('./profile-command.ts')).addProfileCommand,
  },
  {
    name: 'heap',
    summary: 'what heap snapshots hold, and what grew between two',
    load: async () => (await import('./heap-command.ts')).addHeapCommand,
  },
  {
    name: 'push',
    summary: 'send profiles to Pyroscope or Parca',
    load: async () => (await import('./push-command.ts')).addPushCommand,
  },
  {
    name: 'edit',
    summary: 'edit and impair a capture into a file',
    load: async () => (await import('./edit-command.ts')).addEditCommand,
  },
  {
    name: 'record',
    summary: 'a flight recorder: the last so many bytes, and what came around a spike',
    load: async () => (await import('./record-command.ts')).addRecordCommand,
  },
  {
    name: 'slice',
    summary: 'cut the packets of a spike out of a run',
    load: async () => (await import('./slice-command.ts')).addSliceCommand,
  },
  {
    name: 'scrub',
    summary: 'a capture without names, values and addresses, to be shared',
    load: async () => (await import('./scrub-command.ts')).addScrubCommand,
  },
  {
    name: 'minimize',
    summary: 'find the smallest capture that still does it',
    load: async () => (await import('./minimize-command.ts')).addMinimizeCommand,
  },
  {
    name: 'hunt',
    summary: 'find the traffic that costs the agent most for each byte sent',
    load: async () => (await import('./hunt-command.ts')).addHuntCommand,
  },
  {
    name: 'sweep',
    summary: 'page limits, losses and rates: messages recovered against memory',
    load: async () => (await import('./sweep-command.ts')).addSweepCommand,
  },
  {
    name: 'serve',
    summary: 'show many runs with their trends',
    load: async () => (await import('./serve-command.ts')).addServeCommand,
  },
  {
    name: 'complete',
    summary: 'print a completion script for a shell',
    load: async () => (await import('./complete-command.ts')).addCompleteCommand(commandTable),
  },
];
