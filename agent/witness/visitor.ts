/**
 * Walks the values of a witness (hot path: every witness, every node). The context is one object with a stack that is
 * allocated once; a step writes two slots in it. Paths are built only when they are asked for.
 */
import { Data, DataKind, DEPTH_MAX, type Fields, type OneOf, type Witness } from './ir.ts';

/** What a visitor says after entering or leaving a node. */
export const Visit = {
  CONTINUE: 0,
  /** From `enter`: not into its children; `leave` is still called. */
  SKIP: 1,
  /** Visit no further node; those that are open are left in order. */
  STOP: 2,
  /** End at once: nothing more is called. */
  ABORT: 3,
} as const;

/** How the walk came from the node above to this one. */
export const Step = {
  ROOT: 0,
  ARGUMENT: 1,
  RESPONSE: 2,
  FIELD: 3,
  ELEMENT: 4,
  OPTIONAL: 5,
  OPTION: 6,
  MAP_KEY: 7,
  MAP_VALUE: 8,
} as const;

export interface DataVisitor {
  /** @returns `Visit`. The context is valid during the call only. */
  enter(data: Data, context: VisitContext): number;
  leave(data: Data, context: VisitContext): number;
}

/** Where the walk is. One object for all walks of a walker. */
export class VisitContext {
  /** Nodes above the current one. */
  depth = -1;
  readonly #nodes: (Data | null)[];
  readonly #steps: Uint8Array;
  /** Keys of fields, arguments, responses and options. */
  readonly #keys: string[];
  readonly #indexes: Uint32Array;

  constructor(depthMax: number) {
    this.#nodes = new Array<Data | null>(depthMax).fill(null);
    this.#steps = new Uint8Array(depthMax);
    this.#keys = new Array<string>(depthMax).fill('');
    this.#indexes = new Uint32Array(depthMax);
  }

  /** For the walker alone. */
  push(data: Data, step: number, key: string, index: number): void {
    const depth = (this.depth += 1);
    this.#nodes[depth] = data;
    this.#steps[depth] = step;
    this.#keys[depth] = key;
    this.#indexes[depth] = index;
  }

  /** For the walker alone. */
  pop(): void {
    this.#nodes[this.depth] = null;
    this.#keys[this.depth] = '';
    this.depth -= 1;
  }

  /** `Step` of the current node, or of the one so many levels above. */
  step(above = 0): number {
    return this.#steps[this.depth - above] ?? Step.ROOT;
  }

  /** Key by which the current node (or one above) hangs in a map; '' elsewhere. */
  key(above = 0): string {
    return this.#keys[this.depth - above] ?? '';
  }

  /** Place in its map or list. */
  index(above = 0): number {
    return this.#indexes[this.depth - above] ?? 0;
  }

  /** The node so many levels above the current one. */
  node(above = 0): Data | null {
    return this.#nodes[this.depth - above] ?? null;
  }

  /** As in `args[1171VHmv-C0=].user.tags[3]`. Allocates: for messages, not for decisions. */
  path(): string {
    let path = '';
    for (let i = 0; i <= this.depth; i += 1) path += this.#piece(i);
    return path;
  }

  #piece(depth: number): string {
    const key = this.#keys[depth]!;
    switch (this.#steps[depth]) {
      case Step.ARGUMENT:
        return `args[${key}]`;
      case Step.RESPONSE:
        return `responses[${key}]`;
      case Step.FIELD:
        return `.${key}`;
      case Step.ELEMENT:
        return `[${this.#indexes[depth]}]`;
      case Step.OPTIONAL:
        return '?';
      case Step.OPTION:
        return `|${key}`;
      case Step.MAP_KEY:
        return '<key>';
      case Step.MAP_VALUE:
        return '<value>';
      default:
        return '';
    }
  }
}

/** Walks one tree at a time: not to be started anew from within a visit. Keep one for the process. */
export class Walker {
  readonly #context: VisitContext;
  readonly #depthMax: number;
  /** Nodes that lay deeper than the limit and were not visited. */
  cut = 0;

  /** @param depthMax levels of `Data`. @default DEPTH_MAX */
  constructor(depthMax = DEPTH_MAX) {
    this.#depthMax = depthMax;
    this.#context = new VisitContext(depthMax);
  }

  /** All arguments, then all responses, in their order. @returns `Visit`: how it ended. */
  witness(witness: Witness, visitor: DataVisitor): number {
    const { method } = witness;
    if (method === null) return Visit.CONTINUE;
    this.#context.depth = -1;
    const result = this.#fields(method.args, Step.ARGUMENT, visitor);
    return result >= Visit.STOP ? result : this.#fields(method.responses, Step.RESPONSE, visitor);
  }

  /** One value with all below it. */
  data(data: Data, visitor: DataVisitor): number {
    this.#context.depth = -1;
    return this.#visit(data, Step.ROOT, '', 0, visitor);
  }

  #fields(fields: Fields, step: number, visitor: DataVisitor): number {
    const { keys, values } = fields;
    for (let i = 0; i < values.length; i += 1) {
      const result = this.#visit(values[i]!, step, keys[i]!, i, visitor);
      if (result >= Visit.STOP) return result;
    }
    return Visit.CONTINUE;
  }

  #elements(elements: readonly Data[], visitor: DataVisitor): number {
    for (let i = 0; i < elements.length; i += 1) {
      const result = this.#visit(elements[i]!, Step.ELEMENT, '', i, visitor);
      if (result >= Visit.STOP) return result;
    }
    return Visit.CONTINUE;
  }

  #visit(data: Data, step: number, key: string, index: number, visitor: DataVisitor): number {
    const context = this.#context;
    if (context.depth + 1 >= this.#depthMax) {
      this.cut += 1;
      return Visit.CONTINUE;
    }
    context.push(data, step, key, index);
    let result = visitor.enter(data, context);
    if (result === Visit.CONTINUE && data.kind !== DataKind.PRIMITIVE) result = this.#children(data, visitor);
    if (result !== Visit.ABORT) {
      const left = visitor.leave(data, context);
      // A stop below stays a stop; what `leave` says of skipping means nothing.
      if (left >= Visit.STOP) result = Math.max(result, left);
    }
    context.pop();
    return result;
  }

  #children(data: Data, visitor: DataVisitor): number {
    switch (data.kind) {
      case DataKind.STRUCT:
        return this.#struct(data, visitor);
      case DataKind.LIST:
        return this.#elements(data.value as Data[], visitor);
      case DataKind.OPTIONAL:
        return data.value instanceof Data ? this.#visit(data.value, Step.OPTIONAL, '', 0, visitor) : Visit.CONTINUE;
      case DataKind.ONE_OF:
        return this.#fields((data.value as OneOf).options, Step.OPTION, visitor);
      default:
        return Visit.CONTINUE;
    }
  }

  #struct(data: Data, visitor: DataVisitor): number {
    let result = this.#fields(data.value as Fields, Step.FIELD, visitor);
    const { mapType } = data;
    if (mapType === null || result >= Visit.STOP) return result;
    if (mapType.key !== null) result = this.#visit(mapType.key, Step.MAP_KEY, '', 0, visitor);
    if (result >= Visit.STOP || mapType.value === null) return result;
    return this.#visit(mapType.value, Step.MAP_VALUE, '', 0, visitor);
  }
}
