/**
 * Makes V8 charge lines: it charges functions, so each expression of a function that stands on a line of its own becomes a function of its
 * own, called at once. An arrow function changes nothing of `this`, `arguments`, `super` and `new.target`; an expression that awaits or
 * yields stays, and what it is made of is wrapped. No line moves. Pure.
 */
import {
  type AnyNode,
  type ArrowFunctionExpression,
  type FunctionDeclaration,
  type FunctionExpression,
  type Node,
  parse,
} from 'acorn';

export interface WrappedSource {
  readonly text: string;
  /** Of the function whose lines they are; empty where it has none. */
  readonly functionName: string;
  /** Of the function, 1-based. */
  readonly firstLine: number;
  readonly lastLine: number;
}

/** A function as a profile names it. */
export interface NamedFunction {
  readonly functionName: string;
  /** On which it begins, 1-based. */
  readonly line: number;
}

/** Undefined where the source does not parse, or holds no such function. */
export function wrapLines(source: string, wanted: NamedFunction): WrappedSource | undefined {
  const program = parsed(source);
  const met = program && findFunction(program, wanted);
  const found = met?.node;
  if (!found?.loc) return undefined;
  const places: Wrap[] = [];
  wrapStatements(found.body, places);
  const inserts = places.flatMap(({ start, end, needsSemicolon }, order) => [
    // At one place the outer begins first, and the inner ends first.
    { at: start, order, text: `${needsSemicolon ? ';' : ''}(()=>(` },
    { at: end, order: -order, text: '))()' },
  ]);
  inserts.sort((a, b) => b.at - a.at || b.order - a.order);
  let text = source;
  for (const { at, text: inserted } of inserts) text = text.slice(0, at) + inserted + text.slice(at);
  return { text, functionName: met!.name, firstLine: found.loc.start.line, lastLine: found.loc.end.line };
}

interface Wrap {
  readonly start: number;
  readonly end: number;
  readonly needsSemicolon: boolean;
}

function parsed(source: string): Node | undefined {
  const options = { ecmaVersion: 'latest', locations: true, allowHashBang: true } as const;
  for (const sourceType of ['module', 'script'] as const) {
    try {
      return parse(source, { ...options, sourceType, allowReturnOutsideFunction: sourceType === 'script' });
    } catch {
      // The other kind, or neither.
    }
  }
  return undefined;
}

type AnyFunction = FunctionDeclaration | FunctionExpression | ArrowFunctionExpression;

const isFunction = (node: AnyNode): node is AnyFunction =>
  node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression';

/**
 * V8's place of a function is that of its parameters: on a line from its beginning to that of its body. Of one without a name (a callback)
 * the lines of the named function around it are of interest too.
 */
function findFunction(program: Node, { functionName, line }: NamedFunction): Met | undefined {
  const fitting: Met[] = [];
  walk(program as AnyNode, { name: '', around: undefined }, (node, met) => {
    if (!isFunction(node) || !node.loc || !node.body.loc) return;
    if (node.loc.start.line <= line && line <= node.body.loc.start.line) fitting.push(met);
  });
  const wanted = functionName.replace(/^.*[. ]/, '');
  const met = fitting.find(({ name }) => name === wanted) ?? fitting[0];
  if (!met) return undefined;
  let named: Met | undefined = met;
  while (named && named.name === '') named = named.around;
  return named ?? met;
}

/** A function, the name that it has or is given where it stands, and the one around it. */
interface Met {
  readonly node: AnyFunction;
  readonly name: string;
  readonly around: Met | undefined;
}

interface Place {
  /** That is given to what stands there. */
  readonly name: string;
  readonly around: Met | undefined;
}

/** Every node; of functions, with what is known of them. */
function walk(node: AnyNode, { name, around }: Place, visit: (node: AnyNode, met: Met) => void): void {
  let met = around;
  if (isFunction(node)) {
    met = { node, name: node.id?.name ?? name, around };
    visit(node, met);
  }
  const given = nameGiven(node);
  for (const child of childrenOf(node)) walk(child, { name: given, around: met }, visit);
}

/** By a declaration, an assignment, a property or a method. */
function nameGiven(node: AnyNode): string {
  const nameOf = (each: { type: string; name?: unknown } | null | undefined) =>
    typeof each?.name === 'string' ? each.name : '';
  switch (node.type) {
    case 'VariableDeclarator':
      return nameOf(node.id);
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return nameOf(node.key);
    case 'AssignmentExpression':
      return node.left.type === 'MemberExpression' ? nameOf(node.left.property) : nameOf(node.left);
    default:
      return '';
  }
}

function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flatMap((value: unknown) => {
    const list: readonly (AnyNode | null | undefined)[] = Array.isArray(value) ? value : [value as AnyNode];
    return list.filter((each): each is AnyNode => typeof each?.type === 'string' && typeof each.start === 'number');
  });
}

/** Whether it awaits or yields itself, and not in a function inside. */
function isSuspended(node: AnyNode): boolean {
  if (node.type === 'AwaitExpression' || node.type === 'YieldExpression') return true;
  return !isFunction(node) && childrenOf(node).some(isSuspended);
}

/** What allocates nothing, or would lose its name or its meaning. */
const plain = new Set([
  'Identifier',
  'Literal',
  'ThisExpression',
  'Super',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassExpression',
  'MetaProperty',
  'SpreadElement',
  'ImportExpression',
]);

function wrapStatements(body: AnyNode, places: Wrap[]): void {
  if (body.type === 'BlockStatement') for (const statement of body.body) wrapStatement(statement, places, true);
  else wrapExpression(body, places, false);
}

function wrapStatement(node: AnyNode, places: Wrap[], isInList: boolean): void {
  if (isFunction(node) || node.type === 'ClassDeclaration') return;
  if (node.type === 'ExpressionStatement') {
    if (node.directive === undefined) wrapExpression(node.expression, places, isInList);
    return;
  }
  if (node.type === 'VariableDeclaration') {
    for (const { init } of node.declarations) if (init) wrapExpression(init, places, false);
    return;
  }
  const isList = node.type === 'BlockStatement' || node.type === 'SwitchCase' || node.type === 'StaticBlock';
  for (const child of childrenOf(node)) {
    if (/Statement$|Declaration$|^SwitchCase$|^CatchClause$/.test(child.type)) wrapStatement(child, places, isList);
    else if (!isPattern(node, child)) wrapExpression(child, places, false);
  }
}

/** What a statement assigns to, or jumps to. */
function isPattern(statement: AnyNode, child: AnyNode): boolean {
  if (statement.type === 'ForOfStatement' || statement.type === 'ForInStatement') return statement.left === child;
  return (
    statement.type === 'CatchClause' ||
    statement.type === 'LabeledStatement' ||
    /^(Break|Continue)/.test(statement.type)
  );
}

function wrapExpression(node: AnyNode, places: Wrap[], needsSemicolon: boolean): void {
  if (plain.has(node.type) || node.type.endsWith('Pattern')) return;
  const suspends = isSuspended(node);
  if (!suspends) places.push({ start: node.start, end: node.end, needsSemicolon });
  wrapParts(node, places, suspends ? 0 : node.loc!.start.line);
}

/** Of a wrapped expression, the parts that begin on other lines; of one that cannot be wrapped (`parentLine` 0), all. */
function wrapParts(node: AnyNode, places: Wrap[], parentLine: number): void {
  for (const part of partsOf(node)) {
    if (plain.has(part.type)) {
      if (part.type === 'SpreadElement') wrapParts(part, places, parentLine);
    } else if (part.loc!.start.line !== parentLine) wrapExpression(part, places, false);
    else wrapParts(part, places, parentLine);
  }
}

/** Parts that are values: a callee keeps its `this`, a target of an assignment its place. */
function partsOf(node: AnyNode): AnyNode[] {
  const values = (list: readonly (AnyNode | null)[]) => list.filter((each) => each !== null);
  switch (node.type) {
    case 'CallExpression':
    case 'NewExpression':
      // Of a chain of calls each is a part of the next one's callee.
      return [...values(node.arguments), ...(node.callee.type === 'MemberExpression' ? partsOf(node.callee) : [])];
    case 'MemberExpression':
      return node.object.type === 'CallExpression' && !node.optional ? [node.object] : [];
    case 'AwaitExpression':
    case 'SpreadElement':
    case 'UnaryExpression':
      return node.type === 'UnaryExpression' && node.operator !== '!' ? [] : values([node.argument]);
    case 'YieldExpression':
      return values([node.argument ?? null]);
    case 'AssignmentExpression':
      return [node.right];
    case 'BinaryExpression':
      return node.left.type === 'PrivateIdentifier' ? [node.right] : [node.left, node.right];
    case 'LogicalExpression':
      return [node.left, node.right];
    case 'ConditionalExpression':
      return [node.test, node.consequent, node.alternate];
    case 'ArrayExpression':
      return values(node.elements);
    case 'ObjectExpression':
      return node.properties.flatMap((each): AnyNode[] =>
        each.type === 'SpreadElement'
          ? [each]
          : each.kind === 'init' && !each.method && !each.shorthand
            ? [each.value]
            : [],
      );
    case 'TemplateLiteral':
    case 'SequenceExpression':
      return node.expressions;
    case 'ParenthesizedExpression':
      return [node.expression];
    default:
      return [];
  }
}
