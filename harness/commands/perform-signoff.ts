/** What `floodgate signoff` does, in turn: versions, runs, pairs, the bundle, and the bundle verified before it is handed over. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { formatDuration, printable } from '../../reports/format.ts';
import { VersionStore } from '../compare/version-store.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import { pause } from '../pass/abortable.ts';
import type { ScenarioConfig } from '../project/define.ts';
import { findConfigFile, loadProject, type Project } from '../project/find-config.ts';
import { library } from '../project/library.ts';
import { refuseOtherProject } from '../project/own-repository.ts';
import { Redactor } from '../redaction/redactor.ts';
import { writeArchive } from '../signoff/archive.ts';
import { writeFolder } from '../signoff/bundle-files.ts';
import { type BundleFiles, Room } from '../signoff/bundle-room.ts';
import { measure } from '../signoff/measure.ts';
import { defaultPolicy } from '../signoff/policy.ts';
import { printPage } from '../signoff/print-page.ts';
import { isRelease } from '../signoff/raw-summary.ts';
import { inputsOf, refuseChangedInputs, signedInputs } from '../signoff/recording.ts';
import { Refused } from '../signoff/refusal.ts';
import { refuseSecretIn, sealBundle } from '../signoff/seal.ts';
import { readSourceList, sourceListName } from '../signoff/source-list.ts';
import { summaryName } from '../signoff/summary.ts';
import { toolName } from '../signoff/summary-again.ts';
import { comparedLanesUsual, lanesUsual } from '../signoff/usual-order.ts';
import { verifyBundle } from '../signoff/verify.ts';
import { lookAtWorkingFolder, sinceThen, type WorkingFolder } from '../signoff/working-folder.ts';
import {
  asCheckedOut,
  type JudgedCandidate,
  workingFacts,
  workingListName,
  workingListText,
} from '../signoff/working-list.ts';
import { readMachineFacts } from '../watch/environment.ts';
import { readMachine } from '../watch/machine.ts';
import { readPassphrase, readPrivateKey } from './key-file.ts';
import { removeLeftOver } from './left-over.ts';
import { describeSource, type PreparedVersion, preparedVersion } from './prepare-version.ts';
import { printSignoff } from './print-signoff.ts';
import { isLive } from './progress.ts';
import { inProjectFolder } from './project-folder.ts';
import { chosenScenarios } from './project-gate.ts';
import { projectLedger } from './project-ledger.ts';
import {
  refuseIdleLimits,
  refuseSamePrevious,
  refuseUncheckableCommands,
  refuseUnnamedChanges,
  refuseUnreadableCommand,
} from './refuse-signoff.ts';
import { guard, makeReportFolder } from './report-folder.ts';
import { openSession, type Session } from './session.ts';
import { commandLine } from './shown-words.ts';
import type { SignoffFlags } from './signoff-flags.ts';
import { openSteps } from './step-lines.ts';

const releaseSet = 'release';

/** @returns the exit code. @throws FloodgateError */
export async function performSignoff(flags: SignoffFlags): Promise<number> {
  const startedAtMs = Date.now();
  checkRelease(flags.release);
  const pairsMax = parseWhole(flags.maxPairs, '--max-pairs', { min: 5, max: 64 });
  const timeMaxMs = parseQuantity(flags.maxTime, '--max-time', 'seconds') * 1000;
  const seed =
    flags.seed === undefined ? startedAtMs >>> 0 : parseWhole(flags.seed, '--seed', { min: 0, max: 0xffff_ffff });
  // Of all that the environment holds, before the session takes secrets out of it.
  const environment = { ...process.env };
  const session = await openSession(flags.config);
  const passphrase = flags.passphraseFile === undefined ? session.passphrase : readPassphrase(flags.passphraseFile);
  const key = flags.key === undefined ? undefined : readPrivateKey(flags.key, passphrase);
  const project = await projectOf(flags);
  const ledger = projectLedger(project);
  const chosen = scenariosOf(project, flags);
  refuseIdleLimits(project, chosen.scenarios, flags.env);
  const inputs = inputsOf({ ...project, scenarios: chosen.scenarios });
  const look = () =>
    lookAtWorkingFolder(
      project.folder,
      [flags.key, flags.passphraseFile].flatMap((each) => each ?? []),
    );
  const looked = look();
  const out = emptyFolder(flags);
  const steps = openSteps(process.stderr, { isLive: isLive(process.stderr), nowMs: () => performance.now() });
  const build = project.config.build;
  const { folder } = project;
  const workFolder = path.join(folder, '.floodgate', `signoff-${process.pid}`);
  const sealedProject = projectIn(project, chosen.scenarios, flags.env);
  const redactor = new Redactor(environment).knowing(sealedProject);
  let opened: VersionStore | undefined;
  const tidy = () => {
    rmSync(workFolder, { recursive: true, force: true });
    // Of a sign-off that came to no bundle.
    if (existsSync(out) && readdirSync(out).length === 0) rmdirSync(out);
  };
  // Whoever ends it twice ends it at once.
  process.once('exit', tidy);
  try {
    refuseUnreadableCommand(redactor.command(commandLine()));
    refuseUncheckableCommands({
      ...{ project, redactor, workFolder },
      scenarios: chosen.scenarios,
      sealed: JSON.parse(JSON.stringify(redactor.value(sealedProject))),
    });
    const store = inProjectFolder(folder, () => new VersionStore({ folder, build, onStep: steps.say, describeSource }));
    opened = store;
    removeLeftOver(path.dirname(workFolder));
    const candidate = await preparedVersion(store, project, flags.candidate);
    const sourceList = store.sourceOf(candidate.version) ?? '';
    // A file's name that would keep the bundle from being written, before anything is measured.
    refuseSecretIn(sourceListName, Buffer.from(sourceList), redactor);
    const source = readSourceList(sourceList) ?? [];
    const judged = { candidate: { ...shown(candidate), files: source.length, package: candidate.package }, source };
    const asDriven = ({ place, files }: WorkingFolder) => ({ place, files: asCheckedOut(place, files, judged) });
    refuseSecretsIn(asDriven(looked), judged, redactor);
    const previous = flags.previous === undefined ? undefined : await preparedVersion(store, project, flags.previous);
    const versions = {
      candidate: judged.candidate,
      previous: previous
        ? { ...shown(previous), package: previous.package, ...sameSource(store, candidate, previous) }
        : null,
    };
    refuseUnnamedChanges(versions);
    refuseSamePrevious({ ...versions, againstItself: flags.againstItself === true });
    const lanes = flags.lane ?? lanesUsual;
    const comparedLanes = flags.compareLane ?? comparedLanesUsual;
    const measured = await measure({
      ...{ project, store, lanes, comparedLanes, workFolder },
      scenarios: chosen.scenarios,
      candidate: candidate.version,
      previous: previous?.version,
      environment: flags.env,
      keepsSnapshots: flags.includeSnapshots === true,
      pairs: {
        ...{ pairsMax, seed },
        deadlineMs: startedAtMs + timeMaxMs,
        nowMs: () => Date.now(),
        readMachine: () => readMachine(performance.now()),
        pause: (ms) => pause(ms, session.signal),
      },
      signal: session.signal,
      onStep: steps.say,
      onWait: steps.wait,
    });
    refuseChangedInputs(inputs);
    const driven = asDriven(sinceThen(looked, look()));
    const sealed = await sealBundle({
      ...{ measured, ledger, key },
      inputs: signedInputs(inputs, driven, source),
      working: driven,
      head: {
        tool: { name: toolName, version: session.toolVersion },
        release: flags.release,
        ...versions,
        startedAt: new Date(startedAtMs).toISOString(),
        signedAt: new Date().toISOString(),
        command: commandLine(),
        machine: readMachineFacts(),
        scope: { set: chosen.set, leftOut: chosen.leftOut },
      },
      project: sealedProject,
      sourceList,
      pairs: { seed, pairsMax },
      redactor,
      print: async (page) => (flags.pdf ? printPage(page, process.env.PATH ?? '') : undefined),
    });
    await refuseUnverifiable(sealed.files, { key, session, out });
    guard(out, () => {
      writeFolder(out, sealed.files);
      if (flags.archive) writeArchive(out, `${out}.tar.gz`, [...sealed.files.keys()]);
    });
    printSignoff(sealed.report, { out, key, archive: flags.archive === true, tookMs: Date.now() - startedAtMs });
    return sealed.report.verdict.exitCode;
  } catch (error) {
    throw interruptedAfter(error, Date.now() - startedAtMs);
  } finally {
    steps.end();
    opened?.close();
    tidy();
    process.off('exit', tidy);
  }
}

/** Names of files, some of which the summary has too. @throws FloodgateError `secret-found` */
function refuseSecretsIn({ place, files }: WorkingFolder, judged: JudgedCandidate, redactor: Redactor): void {
  refuseSecretIn(workingListName, Buffer.from(workingListText(files)), redactor);
  refuseSecretIn(summaryName, Buffer.from(JSON.stringify(workingFacts(place, files, judged))), redactor);
}

/** Whoever ends a sign-off has to know what is left of it: nothing. */
function interruptedAfter(error: unknown, tookMs: number): unknown {
  if (!(error instanceof FloodgateError && error.code === 'interrupted')) return error;
  const after = formatDuration(tookMs);
  return new FloodgateError(
    'interrupted',
    `interrupted after ${after}: no bundle was written, no measurement is kept`,
    {
      hint: 'The next sign-off begins anew, with versions that are built already. --only makes a small one, --max-time ends comparisons sooner.',
      exitCode: error.exitCode,
    },
  );
}

/** In floodgate's own repository its agent is what is judged, by the scenarios of the library. @throws FloodgateError `config-missing` elsewhere */
async function projectOf({ config }: SignoffFlags): Promise<Project> {
  const from = process.cwd();
  if (config !== undefined || findConfigFile(from) !== undefined) return loadProject(from, config);
  refuseOtherProject(from, '');
  const all = await library();
  const scenarios = all.map(({ name, sets }) => ({ name, builtin: name, ...(sets && { sets: [...sets] }) }));
  return { file: path.join(from, 'floodgate.config.ts'), folder: from, config: {}, scenarios };
}

interface Chosen {
  readonly scenarios: readonly ScenarioConfig[];
  /** Null: all of the project. */
  readonly set: string | null;
  readonly leftOut: readonly string[];
}

function scenariosOf(project: Project, { set, only }: SignoffFlags): Chosen {
  const hasRelease = project.scenarios.some(({ sets = [] }) => sets.includes(releaseSet));
  const wanted = set ?? (hasRelease ? releaseSet : undefined);
  const whole = chosenScenarios(project, wanted === undefined ? {} : { set: wanted });
  if (only === undefined) return { scenarios: whole, set: wanted ?? null, leftOut: [] };
  const scenarios = chosenScenarios(project, { only, ...(set !== undefined && { set }) });
  const leftOut = whole.filter((each) => !scenarios.includes(each)).map(({ name }) => name);
  if (leftOut.length > 0) return { scenarios, set: wanted ?? null, leftOut };
  throw new FloodgateError('option-invalid', '--only names every scenario there is, and leaves out none', {
    hint: 'Leave --only away: whoever verifies the bundle sees by it that something was left out.',
  });
}

/** What a rerun takes, and what the runs are held against. */
function projectIn({ config }: Project, scenarios: readonly ScenarioConfig[], environment: string | undefined): object {
  const { targets = {}, build, budgets, thresholds, environments } = config;
  return {
    ...{ targets, scenarios },
    ...(build !== undefined && { build }),
    ...(budgets && { budgets }),
    ...(thresholds && { thresholds }),
    // That there is one of this name was seen where limits were read.
    ...(environment !== undefined && { environments: { [environment]: environments![environment] } }),
  };
}

const shown = ({ label, build, version: { commit, dirty } }: PreparedVersion) => ({
  ...{ label, commit: commit ?? null, dirty, build },
});

/** By the digests of all files: two names may be of one commit, and two commits of one source. */
function sameSource(store: VersionStore, candidate: PreparedVersion, previous: PreparedVersion) {
  const [source, before] = [store.sourceOf(candidate.version), store.sourceOf(previous.version)];
  return source !== undefined && source === before ? { isCandidate: true } : {};
}

function emptyFolder({ out, release, archive }: SignoffFlags): string {
  const folder = path.resolve(out ?? path.join('runs', `signoff-${release.replaceAll(/[^\w.-]/g, '-')}`));
  if (existsSync(folder) && (!statSync(folder).isDirectory() || readdirSync(folder).length > 0)) {
    throw new FloodgateError('output-unwritable', `${folder} is not empty`, {
      hint: 'A bundle has a folder of its own: --out DIR.',
    });
  }
  if (archive && lstatSync(`${folder}.tar.gz`, { throwIfNoEntry: false })) {
    throw new FloodgateError('output-unwritable', `${folder}.tar.gz is there already`, {
      hint: 'Take it away, or name another folder: --out DIR. No archive is written over another, or through a link.',
    });
  }
  return makeReportFolder('signoff', folder);
}

/** What cannot be verified is not handed over, but hours of measuring are kept. @throws FloodgateError `signoff-failed` */
async function refuseUnverifiable(
  files: BundleFiles,
  { key, session, out }: { readonly key: KeyObject | undefined; readonly session: Session; readonly out: string },
): Promise<void> {
  const why = unfitFor(files) ?? (await unverified(files, key, session));
  if (why === undefined) return;
  const kept = `${out}.unverified`;
  rmSync(kept, { recursive: true, force: true });
  writeFolder(kept, files);
  throw new FloodgateError('signoff-failed', `the bundle does not verify: ${why}`, {
    hint: `This is a mistake of floodgate: report it. What was measured is in ${kept}.`,
  });
}

/** Its limits. */
function unfitFor(files: BundleFiles): string | undefined {
  const room = new Room();
  try {
    for (const [name, content] of files) room.take(name, content.length);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
  return undefined;
}

async function unverified(
  files: BundleFiles,
  key: KeyObject | undefined,
  { toolVersion }: Session,
): Promise<string | undefined> {
  const { report, refusals } = await verifyBundle({
    files,
    key: key && createPublicKey(key),
    allowsUnsigned: key === undefined,
    policy: defaultPolicy,
    candidate: undefined,
    toolVersion,
    nowMs: Date.now(),
  });
  return report === null ? refusals.map(({ reason, text }) => `${reason}: ${text}`).join('; ') : undefined;
}

/** @throws FloodgateError `option-invalid` */
function checkRelease(name: string): void {
  if (isRelease(name)) return;
  throw new FloodgateError('option-invalid', `--release: "${printable(name, 200)}" is no name`, {
    hint: 'A release is called by up to 200 characters that can be printed: v1.4.0.',
  });
}
