/** Every rule of the converted set, held to texts that it describes. */
import t from 'tap';
import { createRandom } from '../seeded-random.ts';
import { compileExpression, Op } from './rule-expression.ts';
import { isListedSecret, isSecretPair } from './secret-names.ts';
import { SHORT_WORD_MAX } from './secret-patterns.ts';
import { NAMED_RULES, SHAPED_RULES } from './secret-rules.generated.ts';
import { REDACTED, redactText } from './secret-scanner.ts';

const EXAMPLES = 20;

/** A text that the expression matches: a walk through its program, digits and letters where a set has them. */
function exampleOf(expression: string, next: () => number): string {
  const { ops, x, y, sets } = compileExpression(expression, false);
  let text = '';
  for (let at = 0; ops[at] !== Op.match; ) {
    if (ops[at] === Op.split) {
      at = next() < 0.5 ? x[at]! : y[at]!;
      continue;
    }
    const codes = [...sets[x[at]!]!.keys()].filter((code) => sets[x[at]!]![code] === 1 && code < 128);
    const words = codes.filter((code) => /[A-Za-z0-9]/.test(String.fromCharCode(code)));
    const choice = words.length > 0 ? words : codes;
    text += String.fromCharCode(choice[Math.floor(next() * choice.length)]!);
    at += 1;
  }
  return text;
}

t.test(`${SHAPED_RULES.length} rules for texts by themselves`, async (t) => {
  const next = createRandom(13, 'rules').fraction;
  for (const [id, , , expression] of SHAPED_RULES) {
    for (let i = 0; i < EXAMPLES; i += 1) {
      const secret = exampleOf(expression, next);
      // Beginnings of two or three letters are words' too, and no key is that short.
      if (!/\d/.test(secret) || secret.length <= SHORT_WORD_MAX) continue;
      for (const text of [secret, `see ${secret} there`, `/v1/${secret}`, JSON.stringify({ note: secret })]) {
        if (redactText(text).includes(secret)) t.fail(`${id}: ${redactText(text)}`);
      }
    }
    t.pass(id);
  }
});

t.test(`${NAMED_RULES.length} rules for texts behind an issuer's name`, async (t) => {
  const next = createRandom(14, 'rules').fraction;
  for (const [id, names, expression] of NAMED_RULES) {
    for (let i = 0; i < EXAMPLES; i += 1) {
      const secret = exampleOf(expression, next);
      if (!/\d/.test(secret)) continue;
      const name = `my_${names[i % names.length]}_ref`;
      t.ok(isSecretPair(name, secret), `${id}: ${name}, ${secret}`);
      for (const text of [`${name} = ${secret}`, `{"${name}":"${secret}"}`, `<${name}>${secret}</${name}>`]) {
        if (redactText(text).includes(secret)) t.fail(`${id}: ${redactText(text)}`);
      }
    }
  }
});

t.test('what only begins like one stays', async (t) => {
  for (const text of [
    'skills and eyes, pattern of-the-day',
    'API-first design, sk-SK locale',
    's.getElementsByTagNameAndClassNameOf(x)',
    'ghp_short',
    'AKIA is a prefix',
    'twitter: floodgate_team',
    'linear interpolation: 0.5',
    'hooks.slack.com/services/',
    'Q~ and _mmk and .atlasv1.',
    'dependencies: jfrog, heroku, okta',
  ]) {
    t.equal(redactText(text), text);
  }
  t.equal(isSecretPair('twitter_username', 'floodgate'), false);
  t.equal(isSecretPair('heroku_app', 'peaceful-reaches-47689'), false);
});

t.test('a token ends where it ends', async (t) => {
  const token = `ghp_${'a1B2'.repeat(9)}`;
  t.equal(redactText(`"${token}", then more`), `"${REDACTED}", then more`);
  t.equal(redactText(`(${token})`), `(${REDACTED})`);
  t.equal(redactText(`x\\n${token}\\ny`), `x\\n${REDACTED}\\ny`);
});

t.test('in a list, behind the name of a secret: letters that chance has drawn go, other names stay', (t) => {
  for (const secret of ['azLPTLQWUJGEXxHrIkXnoJbX', 'vQierjerzyGXtvkvEemqWkgR', 'a1', 'hunter2']) {
    t.equal(isListedSecret('refresh_token', secret, false), true, secret);
  }
  for (const name of [
    'email',
    'emailAddressOfTheUser',
    'getUserByEmailAndPassword',
    'first_name',

    'API_BASE_URL_OF_SHOP',
  ]) {
    t.equal(isListedSecret('refresh_token', name, false), false, name);
  }
  t.end();
});
