/** Why a bundle is refused: a code for programs, a sentence with what to do for people. */

/** Every reason there is, with what to do. docs/signoff.md lists them. */
export const reasons = {
  'bundle-unreadable': 'Give the folder of a sign-off, or its .tar.gz as it was written.',
  'bundle-too-large': 'No sign-off is so large: ask for the bundle as it was written.',
  'file-link': 'A bundle holds files alone: ask for it as it was written.',
  'file-path': 'A bundle holds no such path: ask for it as it was written.',
  'envelope-missing': 'Without signoff.dsse.json nothing is stated: ask for the whole bundle.',
  'envelope-invalid': 'Ask for the bundle as it was written.',
  unsigned: 'Sign it off with --key, or accept what nobody answers for: --allow-unsigned.',
  'key-unknown':
    'Give the public key of who signed it (--key); where you gave one, it was signed with another: ask who signs releases.',
  'signature-invalid': 'The statement was changed after it was signed, or another key signed it: do not use it.',
  'attestation-invalid': 'Give the sigstore bundle as the signing step wrote it (.sigstore.json, or one a line).',
  'attestation-differs':
    'It signs something else: give the attestation of this bundle, or ask who signs releases for it.',
  'certificate-invalid':
    'The trusted root does not know who issued the certificate: fetch the root anew, else do not use the bundle.',
  'time-invalid':
    'Nothing the trusted root knows says when it was signed: fetch the root anew, else do not use the bundle.',
  'log-invalid': 'It is not in a log that the trusted root knows, as it stands here: do not use it.',
  'identity-differs': 'Somebody else signed it: do not use it, or correct --identity.',
  'issuer-differs': 'Another issuer vouched for that identity: do not use it, or correct --issuer.',
  'statement-invalid': 'Ask for a bundle that floodgate signoff made.',
  'schema-newer': 'Update floodgate: a newer version made this bundle.',
  'schema-older':
    'Fewer checks are made of it than are asked for: sign off again with a newer floodgate. A policy may take it all the same (schemaVersion).',
  'version-unknown':
    'Verify it with that version of floodgate: this one does not know what it writes. A policy may take it all the same (allowNewer).',
  'file-missing': 'A file that was signed is gone: ask for the whole bundle.',
  'file-unexpected':
    'A file or a folder was added after the signature: remove it, or ask for the bundle as it was written.',
  'digest-mismatch': 'A file was changed after the signature: do not use it.',
  'summary-invalid': 'Ask for a bundle that floodgate signoff made.',
  'data-missing': 'The figures cannot be recomputed without it: sign off again.',
  'data-invalid': 'The figures cannot be recomputed from it: sign off again.',
  'figures-differ': 'The raw data say something else than the report: do not use it.',
  'budget-differs': 'The limits judge otherwise than the summary says: do not use it.',
  'comparison-differs': 'The pairs say something else than the summary: do not use it.',
  'verdict-differs': 'The data come to another verdict: do not use it.',
  'statement-differs': 'The statement says something else than the data: do not use it.',
  'page-differs': 'The page says something else than the data: do not use it.',
  'page-unknown': 'Update floodgate, or have the page made anew from the data and read that one: --page FILE.',
  'report-differs': 'Data of another sign-off are among these: do not use it.',
  'project-differs': 'What would be run again is not what was run: do not use it.',
  'waivers-differ': 'The waivers of the summary are not those of the ledger in the bundle: do not use it.',
  'limit-idle':
    'It holds whatever is measured: set a limit that can be exceeded, and sign off again, or allow it by name (allowIdle).',
  failed: 'The release is not within its limits: mend it, or waive the limit and sign off again.',
  undecided:
    'What was not measured is no pass. Its note says why: a busy machine asks for a quiet one, an interval that is too wide for more pairs; of tree.max with children that end before they can be read, no run of the same service decides it: limit rss.max, or allow it by name (allowUndecided).',
  'not-run':
    'It came to no measurement, for the reason that it gives itself: mend the load or the target, see it work once (floodgate run), and sign off again.',
  waived: 'The policy takes no waiver: mend what is waived and sign off again.',
  'waiver-expired': 'A limit is broken, and its waiver has ended: mend it, or sign off again with a new waiver.',
  'too-old': 'Sign off again: the policy takes no bundle that old.',
  'from-the-future': 'It was signed later than now: check the clocks of both machines.',
  'release-differs': 'This bundle is of another release: give the one that is meant.',
  'candidate-differs': 'This bundle is of another candidate: give the one that was signed off, or sign off this one.',
  'not-clean':
    'The policy asks for a commit or a package, for loads and recordings as that commit has them, and for a working folder in which nothing else lay: commit or ignore what is named, or sign off in a fresh clone, with the candidate checked out.',
  'previous-differs': 'It was compared with another release than the policy asks for: sign off again with --previous.',
  'scenario-missing': 'Sign off again with every scenario that the policy asks for.',
  'lane-missing': 'Sign off again in every lane that the policy asks for.',
  'set-differs': 'Sign off again with the set that the policy asks for, and nothing left out.',
  'not-compared': 'Sign off again with --previous: the policy asks for a comparison.',
} as const satisfies Record<string, string>;

export type Reason = keyof typeof reasons;

export interface Refusal {
  readonly reason: Reason;
  /** What was found, in a sentence. */
  readonly text: string;
}

/** Thrown within this room where nothing behind it can be checked; caught in `verifyBundle`. */
export class Refused extends Error {
  readonly refusals: readonly Refusal[];

  constructor(...refusals: readonly Refusal[]) {
    super(refusals.map(({ text }) => text).join('; '));
    this.refusals = refusals;
  }
}

/** A text of whoever made the bundle, in a sentence of ours. */
export function shown(text: string, charactersMax = 200): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, charactersMax);
}

/** As many as a line holds. */
export function listed(all: readonly string[]): string {
  return listedOf(all, all.length);
}

/** The first of `count`. */
export function listedOf(first: readonly string[], count: number): string {
  const some = first.slice(0, 5);
  return count > some.length ? `${some.join(', ')} and ${count - some.length} more` : some.join(', ');
}

export function refused(reason: Reason, text: string): Refused {
  return new Refused({ reason, text });
}
