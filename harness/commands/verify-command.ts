/** `floodgate verify`: a bundle of `floodgate signoff` checked by who has nothing but the bundle and the public key. */
import { lstatSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { FloodgateError } from '../../agent/errors.ts';
import { printable, verdictMark } from '../../reports/format.ts';
import { testsOf } from '../../reports/signoff.ts';
import { commitOf } from '../compare/git.ts';
import { readBundle } from '../signoff/bundle-files.ts';
import type { BundleFiles } from '../signoff/bundle-room.ts';
import { type KeylessOrder, readTrustedRoots } from '../signoff/keyless.ts';
import { isPackageFile, packageDigest, packageFiles } from '../signoff/package-file.ts';
import { checkPolicy, defaultPolicy, type Policy } from '../signoff/policy.ts';
import { Refused, reasons } from '../signoff/refusal.ts';
import { folderAtHand } from '../signoff/source-list.ts';
import { type CandidateAtHand, type Verified, verifyBundle } from '../signoff/verify.ts';
import { readPublicKey } from './key-file.ts';
import { addKeylessOptions, type KeylessFlags } from './keyless-flags.ts';
import { readOperatorFile } from './operator-file.ts';
import { escapeControls } from './printed-json.ts';
import { readToolVersion } from './tool-version.ts';

const examples = `
Examples:
  floodgate verify signoff-v1.4.0 --key release.pub
  floodgate verify signoff-v1.4.0.tar.gz --key release.pub --policy policy.yaml
  floodgate verify signoff-v1.4.0 --key release.pub --candidate shop-1.4.0.tgz   and it is this package
  floodgate verify signoff-v1.4.0 --key release.pub --json                       for a program
  floodgate verify signoff-v1.4.0 --key release.pub --page page.html             and a page that is sure to show it
  floodgate verify signoff-v1.4.0 --sigstore signoff.sigstore.json --trusted-root trusted-root.jsonl \\
    --identity anna@shop.example --issuer https://github.com/login/oauth         signed without a key, by a person

The trusted root is a file that you have: "gh attestation trusted-root > trusted-root.jsonl" writes one, and cosign keeps one in its
cache (trusted_root.json below ~/.sigstore/root). The four options of keyless signing go together; identity and issuer are compared whole.

Reads the bundle, the key, the policy and what else is named here: no network, no clock but the time of day for what ends on a day.

Exit codes:
  0  verified, and as the policy asks
  1  refused: each reason stands in a line of its own
  2  could not look: no such file, no such key`;

export interface VerifyFlags extends KeylessFlags {
  readonly key?: string;
  readonly policy?: string;
  readonly candidate?: string;
  readonly allowUnsigned?: boolean;
  /** Where the page is written anew. */
  readonly page?: string;
  readonly json?: boolean;
}

export function addVerifyCommand(command: Command): void {
  const described = command
    .description(
      'Verifies a bundle of floodgate signoff: the signature, every file, that the raw data come to the verdict, and a policy. ' +
        'By default nothing may have failed, or be undecided, and no waiver may have ended.',
    )
    .argument('<bundle>', 'folder, or .tar.gz')
    .option('--key <file>', 'public Ed25519 key (PEM) of who signs releases');
  addKeylessOptions(described)
    .option('--policy <file>', 'what is asked of it beyond that: YAML or JSON, docs/signoff.md')
    .option(
      '--candidate <what>',
      'the candidate at hand: package (.tgz), folder, or commit (a tag where its repository is at hand)',
    )
    .option('--allow-unsigned', 'takes a bundle that nobody answers for, or whose signature cannot be checked')
    .option('--page <file>', 'write the page anew, of the data that were verified: the one to read')
    .option('--json', 'print what was found as JSON')
    .addHelpText('after', examples)
    .action(async (bundle: string, flags: VerifyFlags) => {
      const { verified } = await verifyPlace(bundle, flags);
      if (flags.page !== undefined) await writePage(flags.page, verified);
      process.stdout.write(flags.json ? jsonOf(verified) : textOf(verified));
      process.exitCode = verified.refusals.length > 0 ? 1 : 0;
    });
}

export interface VerifiedPlace {
  readonly files: BundleFiles;
  readonly verified: Verified;
}

/** @throws FloodgateError for a bundle that is not there; a key, a policy or a candidate that cannot be read */
export async function verifyPlace(bundle: string, flags: VerifyFlags): Promise<VerifiedPlace> {
  if (lstatSync(bundle, { throwIfNoEntry: false }) === undefined) {
    throw new FloodgateError('file-unreadable', `${printable(bundle)} does not exist`, {
      hint: 'Check the path: a bundle is a folder, or its .tar.gz.',
    });
  }
  const key = flags.key === undefined ? undefined : readPublicKey(flags.key);
  const keyless = keylessOf(flags);
  const policy = flags.policy === undefined ? defaultPolicy : readPolicy(flags.policy);
  const candidate = flags.candidate === undefined ? undefined : candidateAt(flags.candidate);
  try {
    const files = await readBundle(bundle);
    const order = { files, key, ...(keyless && { keyless }), policy, candidate };
    const allowsUnsigned = flags.allowUnsigned === true;
    const makesPage = flags.page !== undefined;
    return {
      files,
      verified: await verifyBundle({
        ...order,
        allowsUnsigned,
        makesPage,
        toolVersion: readToolVersion(),
        nowMs: Date.now(),
      }),
    };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return {
      files: new Map(),
      verified: { refusals: error.refusals, report: null, signedBy: undefined, checks: [], unchecked: [] },
    };
  }
}

/** Of data that come to no verdict there is no page. @throws FloodgateError `output-unwritable` */
async function writePage(file: string, { report }: Verified): Promise<void> {
  if (report === null)
    return void process.stderr.write(`${printable(file)} was not written: the data were not verified\n`);
  const { renderSignoffHtml } = await import('../../reports/signoff-html.ts');
  try {
    writeFileSync(file, renderSignoffHtml(report));
  } catch (error) {
    throw new FloodgateError('output-unwritable', `${file} cannot be written: ${(error as Error).message}`, {
      hint: 'Name a file in a folder that can be written to: --page page.html.',
    });
  }
}

/** @throws FloodgateError `option-invalid`, `file-unreadable`, `trusted-root-invalid` */
function keylessOf({ sigstore, identity, issuer, trustedRoot }: KeylessFlags): KeylessOrder | undefined {
  const given = [sigstore, identity, issuer, trustedRoot];
  if (given.every((each) => each === undefined)) return undefined;
  if (!sigstore || !identity || !issuer || !trustedRoot) {
    throw new FloodgateError('option-invalid', 'a signature without a key needs all of its four options', {
      hint: 'Give --sigstore, --identity, --issuer and --trusted-root: docs/signoff.md.',
    });
  }
  const roots = readTrustedRoots(readNamed(trustedRoot), trustedRoot);
  return { attestations: readNamed(sigstore), roots, identity, issuer };
}

function readNamed(file: string): Buffer {
  try {
    return readOperatorFile(file);
  } catch (error) {
    throw new FloodgateError('file-unreadable', `${file} cannot be read: ${(error as Error).message}`, {
      hint: 'Check the path.',
    });
  }
}

/** A thousand names of scenarios have 80 KB. */
const policyBytesMax = 1 << 20;

/** @throws FloodgateError `policy-invalid` */
function readPolicy(file: string): Policy {
  let value: unknown;
  try {
    value = parse(readOperatorFile(file, policyBytesMax).toString('utf8'), { maxAliasCount: 0, logLevel: 'error' });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'MULTIPLE_DOCS')
      throw new FloodgateError('policy-invalid', `${file} has more than one document (a line ---)`, {
        hint: 'Nobody would know which of them counts: leave one policy in it.',
      });
    throw new FloodgateError('policy-invalid', `${file} cannot be read: ${(error as Error).message}`, {
      hint: 'A policy is YAML or JSON: docs/signoff.md.',
    });
  }
  return checkPolicy(value, file);
}

/** @throws FloodgateError `candidate-unknown` */
function candidateAt(text: string): CandidateAtHand {
  if (isPackageFile(text)) {
    const file = path.resolve(text);
    return { kind: 'package', digest: packageDigest(file), files: () => packageFiles(file) };
  }
  if (isFolder(text)) return { kind: 'source', ...folderAtHand(path.resolve(text)) };
  if (/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text)) return { kind: 'commit', digest: text };
  const commit = commitOf(process.cwd(), text);
  if (commit !== undefined) return { kind: 'commit', digest: commit };
  throw new FloodgateError('candidate-unknown', `${printable(text, 200)} is no package, no folder and no commit`, {
    hint: 'Give a .tgz, a folder, a commit or a tag of the git repository in this folder, or all 40 digits of any commit.',
  });
}

function isFolder(text: string): boolean {
  try {
    return statSync(text).isDirectory();
  } catch {
    return false;
  }
}

/** What was checked, and each reason against it with what to do. */
export function textOf({ refusals, report, checks, unchecked }: Verified): string {
  const verified = refusals.length === 0;
  const lines = [
    ...checks.map((check) => `  ✓ ${check}`),
    ...unchecked.map((text) => `  – ${text}`),
    ...refusals.flatMap(({ reason, text }) => [`  ✗ ${reason}: ${text}`, `      ${reasons[reason]}`]),
    ...(verified && report
      ? [
          ...report.notes.map(({ text }) => `  note: ${text}`),
          ...testsOf(report).flatMap(({ name, outcome }) => (outcome === 'passed' ? [] : [`  ${outcome}: ${name}`])),
        ]
      : []),
    verified && report
      ? `VERIFIED${report.verdict.ok ? '' : takenByPolicy} ${verdictMark(report.verdict)} ${report.verdict.headline}`
      : `REFUSED: ${[...new Set(refusals.map(({ reason }) => reason))].join(', ')}`,
  ];
  // Who made the bundle may be hostile: nothing of it steers a terminal.
  return `${lines.map((line) => printable(line)).join('\n')}\n`;
}

/** What the bundle says and what the policy takes are two things. */
const takenByPolicy = ', and taken by your policy, which allows what did not pass. What the sign-off says:';

function jsonOf({ refusals, report, signedBy, checks, unchecked }: Verified): string {
  const found = {
    verified: refusals.length === 0,
    signedBy: signedBy ?? null,
    checks,
    unchecked,
    refusals: refusals.map(({ reason, text }) => ({ reason, text, hint: reasons[reason] })),
    release: report?.release ?? null,
    verdict: report?.verdict ?? null,
    tests: report ? testsOf(report) : [],
  };
  return `${escapeControls(JSON.stringify(found, null, 2))}\n`;
}
