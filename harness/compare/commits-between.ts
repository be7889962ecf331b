/** The commits from one version to another, as a bisection walks them. */
import { FloodgateError } from '../../agent/errors.ts';
import { commitOf, git } from './git.ts';

export interface Commit {
  readonly id: string;
  readonly subject: string;
}

/** First parents only: what a merge brought is one change. @throws FloodgateError `version-unknown` */
export function commitsBetween(folder: string, good: string, bad: string): Commit[] {
  const knownCommit = (label: string) => {
    const commit = commitOf(folder, label);
    if (commit !== undefined) return commit;
    throw new FloodgateError('version-unknown', `"${label}" is no commit, branch or tag of this repository`, {
      hint: 'A bisection walks from commit to commit: a folder cannot be an end of it.',
    });
  };
  const [from, to] = [knownCommit(good), knownCommit(bad)];
  const text = git(folder, [
    'log',
    '--first-parent',
    '--reverse',
    '--no-show-signature',
    '--format=%H%x09%P%x09%s',
    `${from}..${to}`,
  ]);
  const commits = text.split('\n').map((line) => {
    const [id = '', parents = '', ...subject] = line.split('\t');
    return { id, parent: parents.split(' ')[0], subject: subject.join('\t') };
  });
  if (commits[0]?.parent !== from) {
    throw new FloodgateError('version-unknown', `${good} is not on the way to ${bad}`, {
      hint: 'Name an earlier commit of the same branch as --good.',
    });
  }
  const first = { id: from, subject: git(folder, ['log', '-1', '--format=%s', from]) };
  return [first, ...commits.map(({ id, subject }) => ({ id, subject }))];
}
