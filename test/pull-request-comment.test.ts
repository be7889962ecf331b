// The action's comment, against a server on loopback that keeps comments as GitHub does.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import t, { type Test } from 'tap';
import { commentOnPullRequest } from '../bin/pull-request-comment.mjs';

interface Comment {
  readonly id: number;
  body: string;
  readonly user: { readonly type: string };
}

const mark = '<!-- floodgate-compare -->\n';

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

/** Issue comments of one pull request: listed by pages, made, changed; `status` refuses. */
async function gitHub(t: Test, { comments = [] as Comment[], status = 0 } = {}) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://localhost');
    asked.push(`${request.method} ${url.pathname} ${request.headers.authorization}`);
    const send = (code: number, body: unknown) => response.writeHead(code).end(JSON.stringify(body));
    if (status !== 0) return send(status, { message: 'Resource not accessible by integration' });
    const text = await textOf(request);
    if (request.method === 'GET') {
      const [size, page] = ['per_page', 'page'].map((name) => Number(url.searchParams.get(name)));
      return send(200, comments.slice((page! - 1) * size!, page! * size!));
    }
    const { body } = JSON.parse(text) as { body: string };
    if (request.method === 'POST') comments.push({ id: 1000 + comments.length, body, user: { type: 'Bot' } });
    else comments.find(({ id }) => url.pathname.endsWith(`/comments/${id}`))!.body = body;
    return send(200, {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void server.close());
  const folder = t.testdir({ 'event.json': '{"pull_request": {"number": 7}}' });
  const env = {
    GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    GITHUB_REPOSITORY: 'shop/cart',
    GITHUB_EVENT_PATH: path.join(folder, 'event.json'),
    FLOODGATE_TOKEN: 'token-of-the-job',
  };
  return { comments, asked, env, folder };
}

t.test('one comment, made once and then brought up to date', async (t) => {
  const people = Array.from({ length: 130 }, (_, i) => ({
    id: i,
    body: i === 3 ? `${mark}quoted` : 'x',
    user: { type: 'User' },
  }));
  const { comments, asked, env } = await gitHub(t, { comments: people });
  t.equal(await commentOnPullRequest(`${mark}first`, env), 'Commented on the pull request.');
  t.equal(await commentOnPullRequest(`${mark}second`, env), 'The comment of the pull request is up to date.');
  t.equal(comments.length, 131, 'found again on the second page');
  t.equal(comments[130]!.body, `${mark}second`);
  t.equal(comments[3]!.body, `${mark}quoted`, 'a person’s comment is theirs');
  t.equal(asked.at(-1), 'PATCH /repos/shop/cart/issues/comments/1130 Bearer token-of-the-job');
});

t.test('a token that may only read is no failure, and is said', async (t) => {
  for (const status of [401, 403, 404]) {
    const said = await commentOnPullRequest(mark, (await gitHub(t, { status })).env);
    t.match(said, /^No comment: the token may not comment \(4\d\d\).*The summary has all of it\.$/);
    t.notMatch(said, 'token-of-the-job');
  }
  t.match(await commentOnPullRequest(mark, (await gitHub(t, { status: 500 })).env), /GitHub answered 500/);
  const { env } = await gitHub(t);
  t.match(await commentOnPullRequest(mark, { ...env, FLOODGATE_TOKEN: '' }), /There is no token/);
  t.match(await commentOnPullRequest(mark, { ...env, GITHUB_API_URL: 'http://127.0.0.1:1' }), /^No comment: /);
  t.match(await commentOnPullRequest(mark, { ...env, GITHUB_EVENT_PATH: undefined }), /not about a pull request/);
});

t.test('a comment is as long as GitHub takes', async (t) => {
  const { comments, env } = await gitHub(t);
  await commentOnPullRequest(`${mark}${'a line\n'.repeat(20_000)}`, env);
  t.ok(comments[0]!.body.length < 65_536);
  t.match(comments[0]!.body, /a line\n\nThe rest is in the summary of the job\.\n$/);
});
