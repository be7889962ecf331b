// A comparison as a comment of the pull request that a job of GitHub's is about: made once, then brought up to date. It asks GitHub's
// API, and only where the action's input says so.
import { readFileSync } from 'node:fs';

/** The first line of the comment: by it the next run finds it again. */
const commentMark = '<!-- floodgate-compare -->';
/** GitHub takes 65,536 characters in a comment. */
const commentCharsMax = 65_000;
/** A thousand comments; a pull request with more has a new comment of ours. */
const pagesMax = 10;
const pageSize = 100;
const timeoutMs = 15_000;

/**
 * @param {string} text Markdown, its first line the mark
 * @param {NodeJS.ProcessEnv} env GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_EVENT_PATH as a runner sets them; FLOODGATE_TOKEN
 * @returns {Promise<string>} what was done, or why nothing was, in a sentence
 */
export async function commentOnPullRequest(text, env) {
  const number = pullRequestOf(env.GITHUB_EVENT_PATH);
  if (number === undefined) return 'This job is not about a pull request: nothing to comment on.';
  if (!env.FLOODGATE_TOKEN) return 'There is no token: the pull request has no comment, the summary has all of it.';
  const api = env.GITHUB_API_URL || 'https://api.github.com';
  const issues = `${api}/repos/${env.GITHUB_REPOSITORY}/issues`;
  /** @param {string} method @param {string} url @param {unknown} [body] */
  const ask = async (method, url, body) => {
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${env.FLOODGATE_TOKEN}`,
        accept: 'application/vnd.github+json',
        'user-agent': 'floodgate',
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
    if (response.ok) return await response.json();
    await response.body?.cancel();
    // Forks have a token that may only read.
    throw new Error(
      [401, 403, 404].includes(response.status)
        ? `the token may not comment (${response.status}): the job needs "pull-requests: write", which forks do not have`
        : `GitHub answered ${response.status}`,
    );
  };
  const body = cut(text);
  try {
    const own = await findOwn(issues, number, ask);
    if (own === undefined) await ask('POST', `${issues}/${number}/comments`, { body });
    else await ask('PATCH', `${issues}/comments/${own}`, { body });
    return own === undefined ? 'Commented on the pull request.' : 'The comment of the pull request is up to date.';
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    const why = name === 'TimeoutError' ? 'GitHub did not answer' : message;
    return `No comment: ${why}. The summary has all of it.`;
  }
}

/** @param {string | undefined} file the event as a runner writes it */
function pullRequestOf(file) {
  if (!file) return undefined;
  const number = JSON.parse(readFileSync(file, 'utf8')).pull_request?.number;
  return Number.isSafeInteger(number) ? /** @type {number} */ (number) : undefined;
}

/**
 * The comment of an earlier run. Only programs' comments are looked at: a person may have quoted the mark.
 * @param {string} issues @param {number} number @param {(method: string, url: string) => Promise<unknown>} ask
 */
async function findOwn(issues, number, ask) {
  for (let page = 1; page <= pagesMax; page++) {
    const url = `${issues}/${number}/comments?per_page=${pageSize}&page=${page}`;
    const comments = /** @type {{ id: number, body?: string, user?: { type?: string } }[]} */ (await ask('GET', url));
    const own = comments.find(({ body, user }) => user?.type === 'Bot' && body?.startsWith(commentMark));
    if (own || comments.length < pageSize) return own?.id;
  }
  return undefined;
}

/** @param {string} text */
function cut(text) {
  if (text.length <= commentCharsMax) return text;
  const end = text.lastIndexOf('\n', commentCharsMax);
  return `${text.slice(0, end)}\n\nThe rest is in the summary of the job.\n`;
}
