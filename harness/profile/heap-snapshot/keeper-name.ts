/**
 * What a person calls the place at which new objects hang: names along the way from the container up to the first variable, class or global
 * that the program's source has. What Node.js itself keeps is named by what it is.
 */
import { classNameOf, EDGE_NAME_BITS, EDGE_NAME_MAX, type HeapSnapshot } from './heap-snapshot.ts';
import { keyOfEntry, sourcesOf, weakMapNameOf } from './keeping-edges.ts';
import type { PathStep, RetainingPaths } from './retaining-path.ts';

/** A place in code as V8 runs it. */
interface ScriptPlace {
  /** As V8 names it (a URL or a path); empty where unknown. */
  readonly script: string;
  readonly line: number;
  readonly column: number;
}

const nowhere: ScriptPlace = { script: '', line: 0, column: 0 };

export interface Named extends ScriptPlace {
  readonly name: string;
  /** Class of what the name names. */
  readonly kind: string;
  /** A variable whose name V8 does not say, one of a block: the name is what follows it, and may be empty. */
  readonly variable?: UnnamedVariable;
  /** Nothing but the runtime has them, because they are open. */
  readonly isHandle?: boolean;
  /** The way leads to no name of the program's own. */
  readonly isOfRuntime?: boolean;
}

export interface UnnamedVariable {
  /** Class of what it has. */
  readonly kind: string;
  /** So many variables of its block with such objects come after it. */
  readonly alikeAfter: number;
}

/** What naming takes: a snapshot and its shortest ways. */
export interface KeptBy {
  readonly after: HeapSnapshot;
  readonly paths: RetainingPaths;
  /** Where new objects hang. */
  readonly fork: number;
  /** One of them, and its class. */
  readonly example: number;
  readonly heldClass: string;
}

/** Names along the way, from the container up to the first that a person knows it by. */
export function nameOf(kept: KeptBy): Named {
  const { after, paths, fork } = kept;
  const way = new Way(after);
  let kind = '';
  for (let node = fork, steps = 0; steps < stepsMax; steps += 1) {
    const step = paths.stepTo(node);
    if (!step) break;
    if (kind === '' && isThing(after, node)) kind = classNameOf(after, node);
    way.add(step);
    const owner = step.from;
    if (step.type === 'context') {
      const place = placeOfContext(after, owner);
      if (place.script !== '' && !isRuntime(place.script)) return { name: way.name, kind, ...place };
      break;
    }
    if (step.type === 'hidden' && isThing(after, node) && classNameOf(after, owner) === 'system / Context') {
      const place = placeOfContext(after, owner);
      if (!isRuntime(place.script)) return { name: way.name, kind, variable: variableIn(after, owner, node), ...place };
    }
    if (way.isNamed && isThing(after, owner)) {
      if (/^(global|Window)\b.*/.test(classNameOf(after, owner))) {
        return { name: way.below('globalThis'), kind, ...nowhere };
      }
      // It is an object of Node.js's own that every program knows by name.
      if (classNameOf(after, owner) === 'process') {
        return { name: way.below('process'), kind, ...(functionBehind(after, kept.example) ?? nowhere) };
      }
      const place = placeOf(after, owner);
      if (place && !isRuntime(place.script)) {
        const name = isFunction(after, owner) ? after.text(after.nodeName[owner]!) : classNameOf(after, owner);
        return { name: way.below(name || '(anonymous)'), kind, ...place };
      }
    }
    node = owner;
  }
  return { isOfRuntime: true, ...ofRuntime(kept, way, kind) };
}

/** As TypeScript writes private fields for engines without them: \_Class_field is a weak map. */
export const compiledField = /^_([A-Z]\w*?)_(\w+)$/;

/** Of a way up to a name; a list's items are not on it. */
const stepsMax = 64;

/** Parts of Node.js's own classes that people know by another name. */
const parts: Readonly<Record<string, (key: string | undefined) => string>> = {
  // An emitter's, and an event target's.
  _events: (event) => (event === undefined ? 'listeners on' : `listeners of "${event}" on`),
  kEvents: (event) => (event === undefined ? 'listeners on' : `listeners of "${event}" on`),
  _writableState: () => 'data not yet written to',
  _readableState: () => 'data not yet read from',
  incoming_messages: () => 'messages not yet taken from',
};

/** Words of a name, from the container upwards. */
class Way {
  readonly #after: HeapSnapshot;
  #words: string[] = [];
  /** What it is, before the name of what it belongs to: `listeners of "change" on`. */
  #part = '';
  /** The last entry of a table that the way led through, whose key may be a word. */
  #key: string | undefined;

  constructor(after: HeapSnapshot) {
    this.#after = after;
  }

  get isNamed(): boolean {
    return this.#words.length > 0 || this.#part !== '';
  }

  /** Only what it is has a name, and not what it belongs to. */
  get isPart(): boolean {
    return this.#words.length === 0 && this.#part !== '';
  }

  get name(): string {
    const joined = this.#words.reduce(
      (all, word) => (all === '' || word.startsWith('[') ? all + word : `${all}.${word}`),
      '',
    );
    return this.#part === '' ? joined : `${this.#part} ${joined}`.trim();
  }

  /** The same as a part of something. */
  below(owner: string): string {
    this.#words.unshift(owner);
    return this.name;
  }

  add({ type, name, from }: PathStep): void {
    const after = this.#after;
    const symbol = /^<symbol (.*)>$/.exec(name)?.[1];
    const part = type === 'element' ? undefined : parts[symbol ?? name];
    if (part) {
      this.#part = part(this.#key ?? this.#words[0]);
      this.#words = [];
      return;
    }
    if (type === 'element') {
      if (this.#words.length > 0) this.#words.unshift(name);
      return;
    }
    if (type === 'property' || type === 'context') {
      if (symbol !== undefined) this.#words.unshift(`[${symbol}]`);
      else if (name !== '__proto__') this.#words.unshift(isOwn(after, from) ? name.replace(/^#/, '') : name);
      return;
    }
    const weakMap = weakMapNameOf(after, name);
    const field = weakMap === undefined ? undefined : compiledField.exec(weakMap)?.[2];
    if (field !== undefined) this.#words.unshift(`#${field}`);
    this.#key = /^\d+$/.test(name) ? (keyOfEntry(after, from, name) ?? this.#key) : this.#key;
  }
}

/** Whether an object is of one of Node.js's own classes. */
function isOwn(after: HeapSnapshot, node: number): boolean {
  const place = isThing(after, node) ? placeOf(after, node) : undefined;
  return place?.script.startsWith('node:') ?? false;
}

/** An object or a function of the program, and not a part of one. */
function isThing({ nodeTypes, nodeType }: HeapSnapshot, node: number): boolean {
  const type = nodeTypes[nodeType[node]!];
  return type === 'object' || type === 'closure';
}

const isFunction = ({ nodeTypes, nodeType }: HeapSnapshot, node: number) => nodeTypes[nodeType[node]!] === 'closure';

/** Node.js's own modules, what they run as WebAssembly, and what has no script. */
const isRuntime = (script: string) => script === '' || /^(node|wasm):/.test(script);

/** Variables of a block stand in its context in their order in the source. */
function variableIn(after: HeapSnapshot, context: number, value: number): UnnamedVariable {
  const kind = classNameOf(after, value);
  const { firstEdge, edgeTo, edgeLabel, edgeTypes } = after;
  let alikeAfter = 0;
  let isBehind = false;
  for (let edge = firstEdge[context]!; edge < firstEdge[context + 1]!; edge += 1) {
    const to = edgeTo[edge]!;
    if (edgeTypes[edgeLabel[edge]! >>> EDGE_NAME_BITS] !== 'hidden') continue;
    if (isBehind && classNameOf(after, to) === kind) alikeAfter += 1;
    if (to === value) isBehind = true;
  }
  return { kind, alikeAfter };
}

/** What Node.js itself keeps: a variable that has it as well names it, else the first function behind what it holds says for whom it is. */
function ofRuntime({ after, paths, fork, example, heldClass }: KeptBy, way: Way, kind: string): Named {
  const steps = paths.to(example).join(' ');
  const behind = functionBehind(after, example) ?? nowhere;
  if (/TimersList|Timeout|Immediate/.test(steps)) return { name: 'timers that were never cleared', kind, ...behind };
  const isRoot = fork === 0 || classNameOf(after, fork) === '(roots)';
  if (isRoot && !heldClass.startsWith('(')) {
    return { name: `open handles: ${heldClass} that was never closed`, kind, isHandle: true, ...behind };
  }
  const alias = aliasOf(after, paths, fork);
  if (alias) return { name: way.below(alias.name), kind, ...alias.place };
  if (way.isPart && kind !== '') return { name: way.below(`a ${kind}`), kind, ...behind };
  return { name: way.isNamed ? way.name : `the runtime's ${kind || 'own tables'}`, kind, ...behind };
}

/** The variable of the program that the first object above has, beside the shorter way by which it was reached. */
function aliasOf(after: HeapSnapshot, paths: RetainingPaths, fork: number) {
  let thing = fork;
  for (let steps = 0; !isThing(after, thing) && steps < stepsMax; steps += 1) {
    const step = paths.stepTo(thing);
    if (!step) return undefined;
    thing = step.from;
  }
  for (const { from, type, name } of sourcesOf(after, thing)) {
    const place = type === 'context' ? placeOfContext(after, from) : nowhere;
    if (!isRuntime(place.script)) return { name, place };
  }
  return undefined;
}

/** How far behind an object its function may be. */
const behindMax = 4_000;

/** The first function of the program's own within a few steps behind a node. */
function functionBehind(after: HeapSnapshot, from: number): ScriptPlace | undefined {
  const { firstEdge, edgeTo } = after;
  const seen = new Set([from]);
  for (const node of seen) {
    if (isFunction(after, node)) {
      const place = placeOf(after, node);
      if (place && !isRuntime(place.script)) return place;
    }
    if (seen.size > behindMax) continue;
    for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge += 1) seen.add(edgeTo[edge]!);
  }
  return undefined;
}

/** The place of a function that sees the variable; the module's own, which stands at its first character, where there is no other. */
function placeOfContext(after: HeapSnapshot, context: number): ScriptPlace {
  const { nodeCount, firstEdge, edgeTo } = after;
  let ofModule = nowhere;
  for (let node = 0; node < nodeCount; node += 1) {
    if (!isFunction(after, node)) continue;
    for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge += 1) {
      if (edgeTo[edge] !== context) continue;
      const place = placeOf(after, node);
      if (place && (place.line > 1 || place.column > 1)) return place;
      ofModule = place ?? ofModule;
    }
  }
  return ofModule;
}

function placeOf(after: HeapSnapshot, node: number): ScriptPlace | undefined {
  const location = after.locationOf(node);
  const script = location && scriptsOf(after).get(location.script);
  return script === undefined ? undefined : { script, line: location!.line, column: location!.column };
}

const scripts = new WeakMap<HeapSnapshot, Map<number, string>>();

/** Numbers of scripts and their names: a function's shared part leads to its script. */
function scriptsOf(after: HeapSnapshot): Map<number, string> {
  let known = scripts.get(after);
  if (known) return known;
  scripts.set(after, (known = new Map()));
  for (let node = 0; node < after.nodeCount; node += 1) {
    if (!isFunction(after, node)) continue;
    const location = after.locationOf(node);
    if (!location || known.has(location.script)) continue;
    const shared = follow(after, node, 'shared');
    const script =
      shared === undefined
        ? undefined
        : (follow(after, shared, 'script') ?? follow(after, shared, 'script_or_debug_info'));
    if (script !== undefined) known.set(location.script, after.text(after.nodeName[script]!));
  }
  return known;
}

function follow(after: HeapSnapshot, node: number, name: string): number | undefined {
  const { firstEdge, edgeTo, edgeLabel } = after;
  for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge += 1) {
    if (
      after.text(edgeLabel[edge]! & EDGE_NAME_MAX) === name &&
      after.edgeTypes[edgeLabel[edge]! >>> EDGE_NAME_BITS] === 'internal'
    ) {
      return edgeTo[edge];
    }
  }
  return undefined;
}
