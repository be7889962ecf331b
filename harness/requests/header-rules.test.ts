import t from 'tap';
import { requestsRun } from '../commands/requests-flags.ts';
import { AppliedRules, parseRules, type RuleWords, rewriteHead, withPort } from './header-rules.ts';
import { shownArguments } from './shown-rules.ts';

const none: RuleWords = { rewriteHeaders: [], dropHeaders: [], rewriteCookies: [], dropCookies: [] };
const head =
  'GET /a HTTP/1.1\r\nHOST:old\r\nX-Folded: a\r\n\tb\r\nauthorization:   Bearer secret\r\nCookie: a=1; session=old; b=2\r\nX: y\n\r\n';

t.test('only the lines that a rule names change', async (t) => {
  const rewrite = (words: Partial<RuleWords>) => rewriteHead(head, parseRules({ ...none, ...words }, { TOKEN: 't0' }));
  t.equal(rewrite({}), head);
  t.equal(rewrite({ rewriteHeaders: ['Host: new:80'] }), head.replace('HOST:old', 'HOST: new:80'));
  t.equal(rewrite({ rewriteHeaders: ['Absent: 1'] }), head, 'no header is added');
  t.equal(
    rewrite({ rewriteHeaders: ['Authorization: Bearer {env:TOKEN}'] }),
    head.replace('Bearer secret', 'Bearer t0'),
  );
  t.equal(rewrite({ dropHeaders: ['x-folded'] }), head.replace('X-Folded: a\r\n\tb\r\n', ''), 'with its folded line');
  t.equal(rewrite({ rewriteHeaders: ['X-Folded: c'] }), head.replace('X-Folded: a\r\n\tb\r\n', 'X-Folded: c\r\n'));
  t.equal(rewrite({ rewriteHeaders: ['x: z'] }), head.replace('X: y\n', 'X: z\n'), 'its line end stays');
  t.equal(rewrite({ rewriteCookies: ['session=new'] }), head.replace('session=old', 'session=new'));
  t.equal(rewrite({ dropCookies: ['a', 'b'] }), head.replace('a=1; session=old; b=2', 'session=old'));
  t.equal(rewrite({ dropCookies: ['a', 'b', 'session'] }), head.replace('Cookie: a=1; session=old; b=2\r\n', ''));
  const applied = new AppliedRules();
  const some = parseRules(
    {
      rewriteHeaders: ['Host: a', 'X-New: s3cret'],
      dropHeaders: ['X', 'Y'],
      rewriteCookies: ['a=1', 'c=s3cret'],
      dropCookies: ['b', 'SESSION'],
    },
    {},
  );
  rewriteHead(head, some, applied);
  t.same(applied.unused(some), [
    '--rewrite-header x-new',
    '--drop-header y',
    '--rewrite-cookie c',
    '--drop-cookie SESSION',
  ]);
  const rules = withPort(parseRules({ ...none, rewriteHeaders: ['Host: x:{port}'] }, {}), 81);
  t.equal(rewriteHead(head, rules), head.replace('HOST:old', 'HOST: x:81'));
});

t.test('what would break a request, or is missing, is refused, and no value is shown', async (t) => {
  const fault = (words: Partial<RuleWords>, env = {}) => {
    try {
      parseRules({ ...none, ...words }, env);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  t.match(fault({ rewriteHeaders: ['Content-Length: 5'] }), /says where a request ends/);
  t.match(fault({ dropHeaders: ['transfer-encoding'] }), /says where a request ends/);
  t.match(fault({ rewriteHeaders: ['Authorization: {env:NONE}'] }), /the environment has no NONE/);
  t.match(fault({ rewriteCookies: ['a=1; admin=1'] }), /holds no ";"/);
  t.match(fault({ rewriteCookies: ['a={env:A}'] }, { A: '1;b=2' }), /holds no ";"/);
  t.match(fault({ rewriteCookies: ['a={env:A}'] }, { A: 'x\r\nEvil: 1' }), /no line ends/);
  for (const words of [
    { rewriteHeaders: ['s3cret'] },
    { rewriteCookies: ['s3cret'] },
    { rewriteHeaders: ['b ad: s3cret'] },
  ]) {
    t.match(fault(words), /./);
    t.notMatch(fault(words), /s3cret/);
  }
  t.same(
    shownArguments([
      'run',
      '--rewrite-header',
      'Authorization: Bearer s',
      '--rewrite-cookie=a=s',
      '--rewrite-header',
      'Host: a:1',
    ]),
    ['run', '--rewrite-header', 'Authorization: …', '--rewrite-cookie=a= …', '--rewrite-header', 'Host: a:1'],
  );
  t.same(shownArguments(['--rewrite-header', 'Authorization: Bearer {env:T}']), [
    '--rewrite-header',
    'Authorization: Bearer {env:T}',
  ]);
});

t.test('what is for frames is refused for what it is, beside --requests', async (t) => {
  for (const [flags, message, hint] of [
    [{ filter: 'tcp' }, /^--filter is for frames/, /floodgate edit IN OUT --filter/],
    [{ fixChecksums: true }, /^--fix-checksums is for frames/, /floodgate edit IN OUT --fix-checksums/],
    [{ interfaces: '2' }, /^--interfaces is for frames/, /Leave it out/],
    [{ impair: 'loss=1%' }, /^--impair does not go with --requests/, /as they were recorded/],
  ] as const) {
    const run = () => requestsRun('prod.pcap', { requests: true, target: 'node server.js', ...flags });
    t.throws(run, { code: 'option-invalid', message, hint });
  }
});
