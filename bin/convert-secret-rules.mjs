#!/usr/bin/env node
// @ts-nocheck: a script of the repository, run by hand.
/**
 * Writes `agent/witness/secret-rules.generated.ts` from gitleaks' rules: node bin/convert-secret-rules.mjs GITLEAKS.TOML VERSION
 *
 * The expressions are Go's. What is written is the language of `agent/witness/rule-expression.ts`, which is matched without
 * backtracking: letters without case become sets, word borders go (the matcher looks for them itself), long repetitions are cut,
 * for a longer text is redacted as well. A rule for a text behind an issuer's name is split into the name and the text.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Rules that are not taken, with the reason. */
const LEFT_OUT = {
  'generic-api-key': 'names are those of secret-names.ts; the rule needs its list of harmless words',
  'curl-auth-header': 'header lines are read by secret-assignments.ts',
  'curl-auth-user': 'options of commands are read by secret-words.ts',
  'private-key': 'read by secret-words.ts, also without its end',
  'kubernetes-secret-yaml': 'matches over lines; read by secret-assignments.ts',
  'hashicorp-tf-password': 'password is a secret name',
  'nuget-config-password': 'password is a secret name',
  'freemius-secret-key': 'secret_key is a secret name',
  'sidekiq-sensitive-url': 'user information of URLs is read by secret-assignments.ts',
  'facebook-access-token': 'begins with digits alone',
  'pkcs12-file': 'is about file names',
};
/** Cut repetitions: the automaton has an instruction each. */
const REPEAT_MAX = 48;
const ANCHORS_MAX = 48;
const ANCHOR_CHARACTERS_MAX = 12;

const SEPARATOR = `(?:=|>|:{1,3}=|\\|\\||:|=>|\\?=|,)[\\x60'"\\s=]{0,5}`;
const BEHIND_NAME = `(?:[ \\t\\w.-]{0,20})[\\s'"]{0,3}`;
const END = `(?:[\\x60'"\\s;]|\\\\[nr]|$)`;

const setOf = (test) => Array.from({ length: 128 }, (_, code) => test(String.fromCharCode(code)));
const SHORTHANDS = { d: setOf((c) => /\d/.test(c)), w: setOf((c) => /\w/.test(c)), s: setOf((c) => /\s/.test(c)) };
for (const [letter, set] of Object.entries({ ...SHORTHANDS })) SHORTHANDS[letter.toUpperCase()] = set.map((is) => !is);
const CONTROLS = { n: '\n', r: '\r', t: '\t' };

/** Go's expression as a tree: `set`, `sequence`, `either`, `repeat`. */
class Parser {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.ignoreCase = false;
  }

  parse() {
    const tree = this.either();
    if (this.at < this.text.length) throw new Error(`stopped at ${this.text.slice(this.at, this.at + 20)}`);
    return tree;
  }

  either() {
    const ways = [this.sequence()];
    while (this.text[this.at] === '|') {
      this.at += 1;
      ways.push(this.sequence());
    }
    return ways.length === 1 ? ways[0] : { either: ways };
  }

  sequence() {
    const items = [];
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') {
      const item = this.atom();
      const found = /^(?:\{(\d+)(,(\d*))?\}|[*+?])\??/.exec(this.text.slice(this.at));
      if (item === null) continue;
      if (found === null) {
        items.push(item);
        continue;
      }
      this.at += found[0].length;
      const min = found[1] === undefined ? (found[0][0] === '+' ? 1 : 0) : Number(found[1]);
      const max =
        found[1] === undefined
          ? found[0][0] === '?'
            ? 1
            : Number.POSITIVE_INFINITY
          : found[2] === undefined
            ? min
            : found[3] === ''
              ? Number.POSITIVE_INFINITY
              : Number(found[3]);
      items.push({ repeat: item, min, max });
    }
    return { sequence: items };
  }

  atom() {
    const character = this.text[this.at];
    this.at += 1;
    if (character === '(') return this.group();
    if (character === '[') return { set: this.fold(this.bracket()) };
    if (character === '.') return { set: setOf((c) => c !== '\n') };
    if (character === '^' || character === '$') return null;
    if (character !== '\\') return { set: this.fold(setOf((c) => c === character)) };
    const escaped = this.text[this.at];
    if (escaped === 'b' || escaped === 'z') {
      this.at += 1;
      return null;
    }
    return { set: this.fold(this.escape()) };
  }

  group() {
    const flags = /^\?(?:P<\w+>|(-?[is]*)(:|\)))/.exec(this.text.slice(this.at));
    const before = this.ignoreCase;
    if (flags !== null) {
      this.at += flags[0].length;
      if (flags[1]?.includes('i')) this.ignoreCase = !flags[1].startsWith('-');
      // To the end of the group that it stands in.
      if (flags[2] === ')') return null;
    }
    const tree = this.either();
    if (this.text[this.at] !== ')') throw new Error('a ( has no )');
    this.at += 1;
    this.ignoreCase = before;
    return tree;
  }

  escape() {
    const character = this.text[this.at];
    this.at += 1;
    if (SHORTHANDS[character] !== undefined) return SHORTHANDS[character];
    if (character === 'x') {
      const code = Number.parseInt(this.text.slice(this.at, this.at + 2), 16);
      this.at += 2;
      return setOf((c) => c.charCodeAt(0) === code);
    }
    const meant = CONTROLS[character] ?? character;
    return setOf((c) => c === meant);
  }

  bracket() {
    const isInverse = this.text[this.at] === '^';
    if (isInverse) this.at += 1;
    const set = setOf(() => false);
    const member = () => {
      const named = /^\[:(\w+):\]/.exec(this.text.slice(this.at));
      if (named !== null) {
        if (named[1] !== 'alnum') throw new Error(`[:${named[1]}:]`);
        this.at += named[0].length;
        return setOf((c) => /[A-Za-z0-9]/.test(c));
      }
      this.at += 1;
      const character = this.text[this.at - 1];
      return character === '\\' ? this.escape() : setOf((c) => c === character);
    };
    const only = (one) => (one.filter(Boolean).length === 1 ? one.indexOf(true) : -1);
    for (let first = true; first || this.text[this.at] !== ']'; first = false) {
      const from = member();
      if (only(from) >= 0 && this.text[this.at] === '-' && this.text[this.at + 1] !== ']') {
        this.at += 1;
        const to = only(member());
        for (let code = only(from); code <= to; code += 1) set[code] = true;
      } else for (const [code, is] of from.entries()) if (is) set[code] = true;
    }
    this.at += 1;
    return isInverse ? set.map((is) => !is) : set;
  }

  fold(set) {
    if (!this.ignoreCase) return set;
    return set.map((is, code) => {
      const c = String.fromCharCode(code);
      return is || set[c.toLowerCase().charCodeAt(0)] || set[c.toUpperCase().charCodeAt(0)];
    });
  }
}

const quoted = (code) => {
  const c = String.fromCharCode(code);
  return /[A-Za-z0-9_]/.test(c) ? c : `\\x${code.toString(16).padStart(2, '0')}`;
};
function writeSet(set) {
  const codes = set.flatMap((is, code) => (is ? [code] : []));
  if (codes.length === 1) return quoted(codes[0]);
  let text = '';
  for (let i = 0; i < codes.length; ) {
    let last = i;
    while (codes[last + 1] === codes[last] + 1) last += 1;
    text +=
      last - i > 1
        ? `${quoted(codes[i])}-${quoted(codes[last])}`
        : codes
            .slice(i, last + 1)
            .map(quoted)
            .join('');
    i = last + 1;
  }
  return `[${text}]`;
}

function write(tree) {
  if (tree.set !== undefined) return writeSet(tree.set);
  if (tree.sequence !== undefined) {
    return tree.sequence.map((each) => write(each)).join('');
  }
  if (tree.either !== undefined) return `(?:${tree.either.map((each) => write(each)).join('|')})`;
  const { repeat, min, max } = tree;
  const item = repeat.set === undefined ? `(?:${write(repeat)})` : write(repeat);
  const [from, to] = [Math.min(min, REPEAT_MAX), max > REPEAT_MAX ? Number.POSITIVE_INFINITY : max];
  if (from === 0 && to === 1) return `${item}?`;
  if (to === Number.POSITIVE_INFINITY) return from === 0 ? `${item}*` : from === 1 ? `${item}+` : `${item}{${from},}`;
  return `${item}${from === to ? `{${from}}` : `{${from},${to}}`}`;
}

/** The literals that a text may begin with, without case, and whether more may follow each: as long as they are few and short. */
function beginnings(tree) {
  if (tree.set !== undefined) {
    const letters = new Set(tree.set.flatMap((is, code) => (is ? [String.fromCharCode(code).toLowerCase()] : [])));
    return letters.size <= 3 ? { texts: [...letters], open: false } : { texts: [''], open: true };
  }
  if (tree.either !== undefined) {
    const all = tree.either.map(beginnings);
    return { texts: [...new Set(all.flatMap((each) => each.texts))], open: all.some((each) => each.open) };
  }
  if (tree.repeat !== undefined) {
    if (tree.min === 0 && tree.max === 1) {
      const once = beginnings(tree.repeat);
      return { texts: [...new Set(['', ...once.texts])], open: once.open };
    }
    if (tree.min !== tree.max || tree.min > 4) {
      const once = tree.min > 0 ? beginnings(tree.repeat) : { texts: [''], open: true };
      return { texts: once.texts, open: true };
    }
    return beginnings({ sequence: Array.from({ length: tree.min }, () => tree.repeat) });
  }
  let texts = [''];
  for (const item of tree.sequence) {
    const next = beginnings(item);
    const longer = texts.flatMap((text) => next.texts.map((more) => text + more));
    if (longer.length > ANCHORS_MAX) return { texts, open: true };
    texts = [...new Set(longer)];
    if (next.open || texts.some((text) => text.length >= ANCHOR_CHARACTERS_MAX)) return { texts, open: true };
  }
  return { texts, open: false };
}

/** Fixed length of what stands before the first literal of three letters or more, and that literal. */
function innerLiteral(tree) {
  let before = 0;
  let literal = '';
  const walk = (node) => {
    if (node.sequence !== undefined) return node.sequence.every(walk);
    if (node.set !== undefined) {
      const letters = new Set(node.set.flatMap((is, code) => (is ? [String.fromCharCode(code).toLowerCase()] : [])));
      if (letters.size === 1) {
        literal += [...letters][0];
        return true;
      }
      if (literal.length >= 2) return false;
      before += literal.length + 1;
      literal = '';
      return true;
    }
    if (node.repeat !== undefined && node.min === node.max && node.repeat.set !== undefined && literal.length < 2) {
      before += literal.length + node.min;
      literal = '';
      return true;
    }
    return false;
  };
  walk(tree);
  return { before, literal };
}

function readRules(toml) {
  const rules = [];
  for (const block of toml.split(/^\[\[rules\]\]$/m).slice(1)) {
    const own = block.split(/^\[\[rules\./m)[0];
    const id = /^id = "([^"]+)"/m.exec(own)?.[1];
    const expression = /^regex = '''(.*?)'''/ms.exec(own)?.[1];
    rules.push({ id, expression });
  }
  return rules;
}

function convert(id, expression, out) {
  const separator = expression.indexOf(SEPARATOR);
  if (separator >= 0) {
    const head = expression.slice(0, separator).replace(/^(?:\(\?i\))?\[\\w\.-\]\{0,50\}\?/, '');
    const name = head
      .replace(/^\(\?i:\[\\w\.-\]\{0,50\}\?/, '')
      .replace(`${BEHIND_NAME})`, '')
      .replace(BEHIND_NAME, '');
    const tail = expression.slice(separator + SEPARATOR.length);
    const end = tail.indexOf(END);
    const value = end < 0 ? tail : tail.slice(0, end);
    const flag = expression.startsWith('(?i)') ? '(?i)' : '';
    const { texts } = beginnings(new Parser(`(?i)${name}`).parse());
    out.named.push([
      id,
      shortest(texts.map((text) => text.replace(/[^a-z0-9]/g, ''))),
      write(new Parser(flag + value).parse()),
    ]);
    const more = end < 0 ? '' : tail.slice(end + END.length);
    if (more.startsWith('|')) convert(`${id}-alone`, more.slice(1), out);
    return;
  }
  const bare = expression
    .split(END)
    .join('')
    .replace('(?:https?://)?', '')
    .replace(/^\(\?:\^\|\[[^\]]*\]\)/, '')
    .replace(/\(\?:\$\|\[[^\]]*\]\)$/, '');
  const tree = new Parser(bare).parse();
  const { texts } = beginnings(tree);
  if (texts.every((text) => text.length >= 2)) out.shaped.push([id, shortest(texts), 0, write(tree)]);
  else {
    const { before, literal } = innerLiteral(tree);
    if (literal.length < 2) throw new Error('no literal to look for');
    out.shaped.push([id, [literal], before, write(tree)]);
  }
}

/** Without those that begin with another one. */
const shortest = (texts) =>
  [...new Set(texts)].filter((text) => !texts.some((other) => other !== text && text.startsWith(other))).sort();

const [file, version] = process.argv.slice(2);
if (file === undefined || version === undefined)
  throw new Error('usage: convert-secret-rules.mjs GITLEAKS.TOML VERSION');
const out = { shaped: [], named: [] };
const failed = [];
let taken = 0;
for (let { id, expression } of readRules(readFileSync(file, 'utf8'))) {
  if (LEFT_OUT[id] !== undefined) continue;
  // One of its ways is any forty hexadecimal digits: every commit's name.
  if (id === 'sourcegraph-access-token') expression = expression.replace('|[a-fA-F0-9]{40})\\b', ')\\b');
  try {
    convert(id, expression, out);
    taken += 1;
  } catch (error) {
    failed.push(`${id}: ${error.message}`);
  }
}
if (failed.length > 0) throw new Error(`not converted:\n${failed.join('\n')}`);
const list = (rows) => rows.map((row) => `  ${JSON.stringify(row)},`).join('\n');
writeFileSync(
  path.join(import.meta.dirname, '..', 'agent', 'witness', 'secret-rules.generated.ts'),
  `/**
 * Generated by bin/convert-secret-rules.mjs from config/gitleaks.toml of gitleaks ${version} (https://github.com/gitleaks/gitleaks).
 * Copyright (c) 2019 Zachary Rice, MIT licence: docs/licences/gitleaks.txt. ${taken} rules taken; left out:
${Object.entries(LEFT_OUT)
  .map(([id, reason]) => ` * ${id}: ${reason}`)
  .join('\n')}
 */
export const RULES_VERSION = ${JSON.stringify(`gitleaks ${version}`)};

/** Texts that show what they are: id, what to look for (without case), how far before it the expression begins, expression. */
export const SHAPED_RULES: readonly (readonly [id: string, anchors: readonly string[], before: number, expression: string])[] = [
${list(out.shaped)}
];

/** Texts that are secret behind an issuer's name: id, names (lower case, letters and digits only), expression of the whole text. */
export const NAMED_RULES: readonly (readonly [id: string, names: readonly string[], expression: string])[] = [
${list(out.named)}
];
`,
);
console.log(`${taken} rules`);
