/** The walk of the article's agent (docs/story.md): easy to read, and it allocates a context for each node that is never used. */
import {
  Data,
  DataKind,
  DEPTH_MAX,
  type Fields,
  type MapType,
  type OneOf,
  type Witness,
} from '../../../agent/witness/ir.ts';
import { type DataVisitor, Step, Visit, type VisitContext } from '../../../agent/witness/visitor.ts';

export * from '../../../agent/witness/visitor.ts';

/** What the real one answers, from copies. */
interface NodeContext {
  readonly depth: number;
  readonly steps: readonly number[];
  readonly keys: readonly string[];
  readonly indexes: readonly number[];
  readonly nodes: readonly Data[];
  step(above?: number): number;
  key(above?: number): string;
  index(above?: number): number;
  node(above?: number): Data | null;
  path(): string;
}

function contextOf(above: NodeContext | null, data: Data, step: number, key: string, index: number): NodeContext {
  const depth = above === null ? 0 : above.depth + 1;
  const steps = [...(above?.steps ?? []), step];
  const keys = [...(above?.keys ?? []), key];
  const indexes = [...(above?.indexes ?? []), index];
  const nodes = [...(above?.nodes ?? []), data];
  return {
    depth,
    steps,
    keys,
    indexes,
    nodes,
    step: (up = 0) => steps[depth - up] ?? Step.ROOT,
    key: (up = 0) => keys[depth - up] ?? '',
    index: (up = 0) => indexes[depth - up] ?? 0,
    node: (up = 0) => nodes[depth - up] ?? null,
    path: () => keys.join('.'),
  };
}

export class Walker {
  readonly #depthMax: number;
  cut = 0;

  constructor(depthMax = DEPTH_MAX) {
    this.#depthMax = depthMax;
  }

  witness(witness: Witness, visitor: DataVisitor): number {
    const { method } = witness;
    if (method === null) return Visit.CONTINUE;
    const result = this.#fields(method.args, Step.ARGUMENT, visitor, null);
    return result >= Visit.STOP ? result : this.#fields(method.responses, Step.RESPONSE, visitor, null);
  }

  data(data: Data, visitor: DataVisitor): number {
    return this.#visit(data, visitor, contextOf(null, data, Step.ROOT, '', 0));
  }

  #fields(fields: Fields, step: number, visitor: DataVisitor, above: NodeContext | null): number {
    for (let i = 0; i < fields.values.length; i += 1) {
      const data = fields.values[i]!;
      const result = this.#visit(data, visitor, contextOf(above, data, step, fields.keys[i]!, i));
      if (result >= Visit.STOP) return result;
    }
    return Visit.CONTINUE;
  }

  #visit(data: Data, visitor: DataVisitor, context: NodeContext): number {
    if (context.depth >= this.#depthMax) {
      this.cut += 1;
      return Visit.CONTINUE;
    }
    let result = visitor.enter(data, context as unknown as VisitContext);
    if (result === Visit.CONTINUE) result = this.#children(data, visitor, context);
    if (result === Visit.ABORT) return result;
    const left = visitor.leave(data, context as unknown as VisitContext);
    return left >= Visit.STOP ? Math.max(result, left) : result;
  }

  #children(data: Data, visitor: DataVisitor, context: NodeContext): number {
    const { kind, value } = data;
    if (kind === DataKind.STRUCT) {
      const result = this.#fields(value as Fields, Step.FIELD, visitor, context);
      return result >= Visit.STOP ? result : this.#mapType(data.mapType, visitor, context);
    }
    if (kind === DataKind.ONE_OF) return this.#fields((value as OneOf).options, Step.OPTION, visitor, context);
    if (kind === DataKind.OPTIONAL && value instanceof Data) {
      return this.#visit(value, visitor, contextOf(context, value, Step.OPTIONAL, '', 0));
    }
    if (kind !== DataKind.LIST) return Visit.CONTINUE;
    for (const [index, element] of (value as Data[]).entries()) {
      const result = this.#visit(element, visitor, contextOf(context, element, Step.ELEMENT, '', index));
      if (result >= Visit.STOP) return result;
    }
    return Visit.CONTINUE;
  }

  #mapType(mapType: MapType | null, visitor: DataVisitor, context: NodeContext): number {
    for (const [data, step] of [
      [mapType?.key, Step.MAP_KEY],
      [mapType?.value, Step.MAP_VALUE],
    ] as const) {
      if (!data) continue;
      const result = this.#visit(data, visitor, contextOf(context, data, step, '', 0));
      if (result >= Visit.STOP) return result;
    }
    return Visit.CONTINUE;
  }
}
